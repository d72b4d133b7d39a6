"""What the command line does about care: the audit as a table, and the blocklist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from bot.municipality import load_or_read_pack
from bot.operations import opened
from bot.providers import work_maker
from storage import audit, blocks
from storage.codes import read_code, show_code

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.work import Work

DAY = 86400.0
COLUMNS = (
    *("time", "ticket", "step", "actor", "person", "name"),
    *("body", "address", "channel", "status", "action", "public", "whom", "about"),
)


async def read_audit(
    settings: Settings, take: Callable[[audit.Entry], object], *, ticket: str, since: float, person: int | None
) -> int:
    """Hand the audit of a ticket, since a time, or of an official to `take`, entry by entry; how many there were."""
    number = 0
    async with opened(settings) as database, database.read() as connection:
        async for entry in audit.entries(connection, ticket=ticket, since=since, person=person):
            take(entry)
            number += 1
    return number


def cells(entry: audit.Entry) -> tuple[str, ...]:
    """One line of the table; times are in UTC."""
    time = f"{datetime.fromtimestamp(int(entry.at), UTC):%Y-%m-%dT%H:%M:%SZ}"
    fields = msgspec.structs.asdict(entry) | {"at": time, "ticket": show_code(entry.ticket)}
    return tuple(_cell(value) for value in fields.values())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


async def shut_out(settings: Settings, who: str, *, days: int, reason: str) -> int:
    """Block who reported a ticket, or who writes from an address (its id); at how many. Raises LookupError."""
    async with opened(settings) as database, database.write() as connection:
        work = work_maker()(connection)
        address_id = await _address(work, who)
        until = work.now + days * DAY if days else None
        hers = await blocks.shut_out(work, address_id, reason, until=until)
        await work.flush()
        if not hers:
            raise LookupError(f"{who} is no address that is known")
        return len(hers)


async def let_in(settings: Settings, who: str) -> int:
    """Lift the blocks of who reported a ticket or writes from an address; how many. Raises LookupError."""
    async with opened(settings) as database, database.write() as connection:
        work = work_maker()(connection)
        return await blocks.open_door(work, who) or await blocks.lift(work, await _address(work, who))


async def list_blocks(settings: Settings, now: float) -> tuple[list[blocks.Block], str]:
    """(every block in force, the city's time zone)."""
    async with opened(settings) as database:
        zone = (await load_or_read_pack(database, settings)).info.timezone
        async with database.read() as connection:
            return [*await blocks.in_force(connection, now), *await blocks.doors(connection, now)], zone


async def _address(work: Work, who: str) -> int:
    code = read_code(who)
    found = await blocks.reporter_of(work, code) if code else None
    # A code may be all digits, and a large number may be both.
    if found is None and who.isdecimal():
        return int(who)
    if found is None:
        raise LookupError(f"{who} is no ticket that somebody known reported, and no address")
    return found
