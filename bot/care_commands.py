"""The commands `audit`, `block`, `unblock` and `blocks` of `python -m bot`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.console import do, fail, read_settings, show_moment
from bot.spreadsheet import spreadsheet

DAY = "%Y-%m-%d"


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("audit")(show_audit)
    app.command("block")(block)
    app.command("unblock")(unblock)
    app.command("blocks")(show_blocks)


def show_audit(
    ticket: Annotated[str, typer.Option(help="Only of this ticket.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=[DAY], help="Only from this day on, in UTC.")] = None,
    official: Annotated[int | None, typer.Option(help="Only what this official did, by her person's id.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write it to this file instead.")] = None,
) -> None:
    """Tell who did what to which ticket, when and from where; officials by name, citizens by an id alone."""
    from bot.auditing import COLUMNS, cells, read_audit
    from storage.codes import read_code

    code = read_code(ticket) if ticket else ""
    if code is None:
        fail(f"{ticket} is no ticket's code")
    start = since.replace(tzinfo=UTC).timestamp() if since else 0.0

    def read(write: Callable[[Sequence[str]], object]) -> int:
        return do(
            read_audit(read_settings(), lambda entry: write(cells(entry)), ticket=code, since=start, person=official)
        )

    if csv:
        with spreadsheet(csv, COLUMNS) as write:
            number = read(write)
        print(f"{number} steps written to {csv}")
        return
    print("\t".join(COLUMNS))
    read(lambda row: print("\t".join(row)))


def block(
    who: Annotated[str, typer.Argument(help="The code of a ticket that she reported, or an address's id.")],
    days: Annotated[int, typer.Option(min=0, help="For so many days; 0: until it is lifted.")] = 30,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Take nothing more from somebody, at any of her addresses; emergencies are answered all the same."""
    from bot.auditing import shut_out

    try:
        number = do(shut_out(read_settings(), who, days=days, reason=reason))
    except LookupError as error:
        fail(str(error.args[0]))
    print(f"Blocked at {number} addresses" + (f" for {days} days." if days else "."))


def unblock(
    who: Annotated[
        str, typer.Argument(help="A ticket that she reported, an address's id, or what `blocks` shows of it.")
    ],
) -> None:
    """Take messages from somebody again."""
    from bot.auditing import let_in

    try:
        number = do(let_in(read_settings(), who))
    except LookupError as error:
        fail(str(error.args[0]))
    print(f"{number} blocks lifted.")


def show_blocks() -> None:
    """List who is blocked, since when and until when, and why."""
    from bot.auditing import list_blocks

    found, zone = do(list_blocks(read_settings(), time.time()))
    for each in found:
        since, until = show_moment(each.at, zone), show_moment(each.until, zone) if each.until else "until lifted"
        print("  ".join((str(each.address_id or "forgotten"), each.account, since, until, each.reason)).rstrip())
    if not found:
        print("Nobody is blocked.")
