"""What a body is told of a ticket, gathered from what is kept: the report, or one step of its history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routing.deliveries.report import Photo, Report, Step
from storage import files, supporters, tickets, updates
from storage.codes import show_code
from storage.media import MediaStore, MediaStoreError

if TYPE_CHECKING:
    from bot.messages import Place
    from routing.pack import Pack
    from routing.records import Body
    from storage.files import FileRow
    from storage.tickets import Ticket
    from storage.updates import Update
    from storage.work import Work

# What a letter bears: photos inside it, each at most this long a side; the others are named by their addresses.
MOST_PHOTOS = 4
LONG_SIDE = 1024
QUALITY = 80


class Gathered(Struct, frozen=True):
    """A report whose photos have only their rows yet; `pending` says that one of them is still being fetched."""

    report: Report
    rows: tuple[FileRow, ...]
    actor: str
    public: bool
    pending: bool


class Reporting:
    """Gathers reports. `media_url` makes the address of a kept file, `public_url` is where tickets' pages are."""

    def __init__(
        self, pack: Callable[[], Pack], store: MediaStore, media_url: Callable[[str], str], public_url: str
    ) -> None:
        self._pack = pack
        self._store = store
        self._media_url = media_url
        self._public_url = public_url

    async def gather(self, work: Work, code: str, body: Body, seq: int, *, step: bool) -> Gathered | None:
        """The report at a step of its history, or that step itself; None when there is no such thing any more."""
        ticket = await tickets.by_code(work, code, lock=False)
        entries = await updates.history(work, code, public_only=False)
        entry = next((each for each in entries if each.seq == seq), None)
        if ticket is None or (step and entry is None):
            return None
        ids = entry.media if step and entry else await updates.media_of(work, code)
        found = [await files.read(work.connection, each) for each in ids]
        rows = tuple(each for each in found if each is not None and each.status == "kept")
        joined = await supporters.count(work, code)
        report = self._report(ticket, body, entry if step else None, entries, rows, joined, seq)
        pending = any(each is not None and each.status == "pending" for each in found)
        return Gathered(report, rows, entry.actor if entry else "", entry is not None and entry.public, pending)

    async def with_photos(self, gathered: Gathered) -> Report:
        """The report with the photos themselves, made small; one that cannot be had is left out."""
        photos = [Photo(self._media_url(row.key), row.mime) for row in gathered.rows]
        for index, row in enumerate(gathered.rows[:MOST_PHOTOS]):
            if row.kind == "photo" and row.mime == "image/jpeg":
                photos[index] = Photo(photos[index].url, row.mime, await self._small(row.key))
        return _with(gathered.report, tuple(photos))

    async def _small(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(shrink, await self._store.get(key))
        except (MediaStoreError, FileNotFoundError, OSError):
            return b""

    def _report(
        self,
        ticket: Ticket,
        body: Body,
        entry: Update | None,
        entries: Iterable[Update],
        rows: tuple[FileRow, ...],
        joined: int,
        seq: int,
    ) -> Report:
        pack = self._pack()
        language = body.language or pack.info.language
        category = pack.category(ticket.category)
        photos = tuple(Photo(self._media_url(row.key), row.mime) for row in rows)
        passed = [each.status for each in entries if each.status and (entry is None or each.seq <= entry.seq)]
        step = Step(entry.at, entry.actor, entry.status, _words(entry), photos) if entry else None
        return Report(
            code=ticket.code,
            shown=show_code(ticket.code),
            body=body,
            category=ticket.category,
            group=category.parent if category else "",
            category_name=category.name(language) if category else ticket.category,
            city=pack.name(language),
            where=_where(pack, ticket.place, ticket.area, language),
            lat=ticket.place.lat,
            lon=ticket.place.lon,
            words=ticket.words,
            status=passed[-1] if passed and entry else ticket.status,
            opened=ticket.created_at,
            seq=seq,
            language=language,
            timezone=pack.info.timezone,
            url=f"{self._public_url}/t/{ticket.code}" if self._public_url else "",
            photos=() if step else photos,
            joined=joined,
            step=step,
        )


def shrink(picture: bytes) -> bytes:
    """A kept photo as letters have it: a JPEG, at most LONG_SIDE long."""
    from PIL import Image  # costs a start that nobody waits for who sends no letters

    with Image.open(BytesIO(picture), formats=("JPEG",)) as image:
        if max(image.size) <= LONG_SIDE:
            return picture
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        image.thumbnail((LONG_SIDE, LONG_SIDE))
        made = BytesIO()
        image.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue()


def _with(report: Report, photos: tuple[Photo, ...]) -> Report:
    if report.step:
        return replace(report, step=replace(report.step, photos=photos))
    return replace(report, photos=photos)


def _words(entry: Update) -> str:
    return " ".join(part for part in (entry.reason, entry.words) if part)


def _where(pack: Pack, place: Place, area_id: str, language: str) -> str:
    area = pack.area(area_id) if area_id else None
    parts = [pack.places.show_place(place.words, language) if place.words else "", area.name(language) if area else ""]
    return ", ".join(part for part in parts if part)
