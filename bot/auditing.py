"""What the command line does about care: the audit as a table, and the blocklist."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from storage import audit, blocks
from storage.codes import read_code, show_code
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Settings
    from storage.work import Work

DAY = 86400.0
COLUMNS = (
    *("time", "ticket", "step", "actor", "person", "name"),
    *("body", "address", "channel", "status", "action", "public"),
)


async def read_audit(settings: Settings, *, ticket: str, since: float, person: int | None) -> list[audit.Entry]:
    """The audit of a ticket (its code as typed), since a time, or of an official. Raises LookupError."""
    code = read_code(ticket) if ticket else ""
    if code is None:
        raise LookupError(f"{ticket} is no ticket's code")
    database = Database(settings.database_url)
    try:
        async with database.read() as connection:
            return [each async for each in audit.entries(connection, ticket=code, since=since, person=person)]
    finally:
        await database.close()


def write_audit(path: Path, found: Sequence[audit.Entry]) -> None:
    """Write the audit into a file, as a table with commas."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(cells(each) for each in found)


def cells(entry: audit.Entry) -> tuple[str, ...]:
    """One line of the table; times are in UTC."""
    time = f"{datetime.fromtimestamp(int(entry.at), UTC):%Y-%m-%dT%H:%M:%SZ}"
    fields = msgspec.structs.asdict(entry) | {"at": time, "ticket": show_code(entry.ticket)}
    return tuple(_cell(value) for value in fields.values())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    # A spreadsheet would take it for a formula.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


async def shut_out(settings: Settings, who: str, *, days: int, reason: str) -> int:
    """Block who reported a ticket, or who writes from an address (its id); at how many. Raises LookupError."""
    from bot.providers import work_maker

    database = Database(settings.database_url)
    try:
        async with database.write() as connection:
            work = work_maker()(connection)
            address_id = await _address(work, who)
            until = work.now + days * DAY if days else None
            hers = await blocks.shut_out(work, address_id, reason, until=until)
            await work.flush()
            if not hers:
                raise LookupError(f"{who} is no address that is known")
            return len(hers)
    finally:
        await database.close()


async def let_in(settings: Settings, who: str) -> int:
    """Lift the blocks of who reported a ticket or writes from an address; how many. Raises LookupError."""
    from bot.providers import work_maker

    database = Database(settings.database_url)
    try:
        async with database.write() as connection:
            work = work_maker()(connection)
            return await blocks.open_door(work, who) or await blocks.lift(work, await _address(work, who))
    finally:
        await database.close()


async def list_blocks(settings: Settings, now: float) -> list[blocks.Block]:
    """Every block in force."""
    database = Database(settings.database_url)
    try:
        async with database.read() as connection:
            return [*await blocks.in_force(connection, now), *await blocks.doors(connection, now)]
    finally:
        await database.close()


async def _address(work: Work, who: str) -> int:
    if who.isdecimal() and len(who) != 7:
        return int(who)
    code = read_code(who)
    found = await blocks.reporter_of(work, code) if code else None
    if found is None:
        raise LookupError(f"{who} is no ticket that somebody known reported, and no address")
    return found
