"""The commands `failed` and `deliveries` of `python -m bot`: what has not been sent or brought."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.console import do, read_settings, show_moment


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("failed")(failed)
    app.command("deliveries")(show_deliveries)


def failed(
    retry: Annotated[bool, typer.Option("--retry", help="Put them back into the queue.")] = False,
    ids: Annotated[list[int] | None, typer.Argument(help="Only these.")] = None,
) -> None:
    """List what could not be sent or is held, and why; with --retry, try again."""
    from bot.operations import list_failed

    rows, again = do(list_failed(read_settings(), ids or [], retry=retry))
    for row in rows:
        told = (str(row.id), row.account, row.kind, row.status, row.error_class, row.error, row.ticket)
        print("  ".join(part for part in told if part))
    held = sum(row.status == "held" for row in rows)
    if held:
        print(f"{held} held until the person writes again; they go by themselves then.")
    if retry:
        print(f"{again} put back into the queue.")
    elif rows[held:]:
        print(f"{len(rows) - held} not delivered. Send them again with: python -m bot failed --retry [ID ...]")
    elif not rows:
        print("Everything was delivered.")


def show_deliveries(
    retry: Annotated[bool, typer.Option("--retry", help="Try at once what waits for its next try.")] = False,
) -> None:
    """List what bodies were not brought yet, and why; then the bodies that nobody receives for, by size."""
    from bot.operations import list_deliveries
    from storage.codes import show_code

    troubles, waiting, hurried, zone = do(list_deliveries(read_settings(), retry=retry))
    for each in troubles:
        again = f"again {show_moment(each.again, zone)}" if each.again else "not tried again by itself"
        told = (show_code(each.ticket), each.body, each.method, f"{each.tries} tries", again, each.error)
        print("  ".join(told))
    if retry:
        print(f"{hurried} tried at once by the running server.")
    if waiting:
        print("Nobody receives for these. Give them an address in the pack, or invite an official:")
    for body in waiting:
        print(f"  {body.body}  {body.tickets} waiting since {show_moment(body.oldest, zone)}")
    if not (troubles or waiting):
        print("Everything was delivered.")
