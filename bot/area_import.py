"""Importing boundaries: some features at a time, each time on disk, so that one that was cut off goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, field

from bot.areas import compile_elsewhere, compiled_path
from bot.standing import StandingTickets
from routing.area_files import AreaFile, Names
from storage import areas
from storage.database import Database, migrate

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.messages import Boundary
    from bot.settings import Settings

PIECE = 250
What = Literal["added", "moved", "edited", "gone"]
# (what is under way, how much of it is done, how much there is)
Progress = Callable[[str, int, int], None]


class Change(NamedTuple):
    """What became of an area: `moved` has another outline, `edited` another name, level or parent."""

    what: What
    id: str
    name: str


class Diff(Struct):
    """What an import changed, or would change; `went_on_after` so many features that an earlier run had done."""

    features: int = 0
    went_on_after: int = 0
    unchanged: int = 0
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def count(self, what: What) -> int:
        """How many areas that happened to."""
        return sum(change.what == what for change in self.changes)


class Importer:
    """Takes files, one after the other; `tickets` learn which of them the changes touch. A dry run writes nothing."""

    def __init__(self, database: Database, tickets: StandingTickets, now: float, *, dry: bool = False) -> None:
        self._database = database
        self._now = now
        self._dry = dry
        self._tickets = tickets
        self._seen: dict[tuple[str, str], set[str]] = {}

    async def take(self, file: AreaFile, progress: Progress = lambda what, done, total: None) -> Diff:
        """Import one file, from where an earlier run was cut off."""
        total = len(file.heads)
        done = await self._begun(file)
        diff = Diff(total, done)
        for head in file.heads:
            self._seen.setdefault((head.fields["country"], head.fields["level"]), set()).add(head.id)
        while done < total:
            progress(file.path.name, done, total)
            async with self._database.read() if self._dry else self._database.write() as connection:
                await self._take_piece(connection, file, done, diff)
            done = min(done + PIECE, total)
        await self._finish(file, diff)
        progress(file.path.name, total, total)
        return diff

    async def prune(self) -> Diff:
        """Forget the areas of the files' countries and levels that none of the files has."""
        diff = Diff()
        async with self._database.read() if self._dry else self._database.write() as connection:
            for (country, level), seen in self._seen.items():
                gone = await areas.read(connection, await areas.ids_of(connection, country, level) - seen)
                self._note(diff, "gone", list(gone.values()), [])
                if gone and not self._dry:
                    await areas.remove(connection, gone.keys(), self._now)
        return diff

    async def _begun(self, file: AreaFile) -> int:
        if self._dry:
            return 0
        async with self._database.read() as connection:
            known = await areas.find_import(connection, file.digest)
        return known.done if known and known.finished_at is None else 0

    async def _take_piece(self, connection: AsyncConnection, file: AreaFile, first: int, diff: Diff) -> None:
        rows = []
        for row, warnings in file.read(first, PIECE):
            diff.warnings += warnings
            if row:
                rows.append(row)
        known = await areas.digests(connection, [row.id for row in rows])
        other = [row for row in rows if known.get(row.id) != row.digest]
        before = await areas.read(connection, [row.id for row in other if row.id in known])
        diff.unchanged += len(rows) - len(other)
        for row in other:
            old = before.get(row.id)
            what: What = "added" if old is None else "edited" if old.outline == row.outline else "moved"
            self._note(diff, what, [old] if old else [], [row])
        if not self._dry and (other or first):
            await areas.save(connection, other, self._now)
            await self._mark(connection, file, first + PIECE, diff)

    async def _mark(self, connection: AsyncConnection, file: AreaFile, done: int, diff: Diff) -> None:
        # Where nothing changed there is nothing to go on with, and no process need look again.
        if diff.changes or diff.went_on_after:
            state = areas.Import(file.digest, file.path.name[:200], min(done, len(file.heads)), None)
            await areas.note_import(connection, state)

    async def _finish(self, file: AreaFile, diff: Diff) -> None:
        if self._dry or not (diff.changes or diff.went_on_after):
            return
        state = areas.Import(file.digest, file.path.name[:200], len(file.heads), self._now)
        async with self._database.write() as connection:
            await areas.note_import(connection, state)

    def _note(self, diff: Diff, what: What, before: Sequence[Boundary], after: Sequence[Boundary]) -> None:
        for row in after or before:
            diff.changes.append(Change(what, row.id, row.name))
        for row in before:
            self._tickets.leave(row)
        for row in after:
            self._tickets.enter(row)


async def import_files(
    settings: Settings, paths: Sequence[Path], names: Names, now: float, progress: Progress, *, dry: bool, prune: bool
) -> list[str]:
    """Import files and compile what the database has then; the lines to tell. Raises FileError, and what it says.

    With `prune` the areas go that no file has any more, `dry` only tells what would change.
    """
    files = [AreaFile(path, names) for path in paths]
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        async with database.read() as connection:
            tickets = await StandingTickets.read(areas.open_tickets(connection))
        importer = Importer(database, tickets, now, dry=dry)
        lines = []
        for file in files:
            lines += [f"{file.path}:", *told(await importer.take(file, progress))]
        if prune:
            lines += ["No more in any file:", *told(await importer.prune())]
    finally:
        await database.close()
    if not dry:
        progress("compiling", 0, 0)
        await compile_elsewhere(settings.database_url, compiled_path(settings))
    return [*lines, *told_of_tickets(tickets)]


async def remove_areas(settings: Settings, ids: Sequence[str], now: float) -> list[str]:
    """Forget areas by their ids; the lines to tell."""
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        async with database.write() as connection:
            tickets = await StandingTickets.read(areas.open_tickets(connection))
            known = await areas.read(connection, ids)
            for row in known.values():
                tickets.leave(row)
            await areas.remove(connection, known.keys(), now)
    finally:
        await database.close()
    await compile_elsewhere(settings.database_url, compiled_path(settings))
    unknown = [f"There is no imported area {area_id}." for area_id in ids if area_id not in known]
    return [*unknown, f"{len(known):,} gone", *told_of_tickets(tickets)]


async def list_areas(settings: Settings) -> list[areas.Count]:
    """What is imported."""
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        async with database.read() as connection:
            return await areas.counts(connection)
    finally:
        await database.close()


def told(diff: Diff, most: int = 20) -> list[str]:
    """The lines that tell an operator what an import did."""
    lines = []
    if diff.went_on_after:
        lines.append(f"An earlier run had done {diff.went_on_after:,} of {diff.features:,} features; this one went on.")
    lines += _some([f"warning: {warning}" for warning in diff.warnings], most, "more warnings")
    counts = (f"{diff.count(what):,} {what}" for what in ("added", "moved", "edited", "gone") if diff.count(what))
    lines.append(", ".join([*counts, f"{diff.unchanged:,} unchanged"]))
    others = [f"  {change.what}: {change.id} {change.name}" for change in diff.changes if change.what != "added"]
    return lines + _some(others, most, "more")


def told_of_tickets(tickets: StandingTickets, most: int = 20) -> list[str]:
    """The lines that tell which open tickets lie in what changed."""
    touched = tickets.touched()
    if not touched:
        return ["No open ticket lies in what changed."]
    head = f"{len(touched):,} open tickets lie in what changed; they stay with the body they are with:"
    return [head, *_some([f"  {line}" for line in touched], most, "more")]


def _some(lines: list[str], most: int, rest: str) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"  ... and {len(lines) - most:,} {rest}"]
