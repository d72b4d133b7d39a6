"""The rows of fetched files: what became of each attachment, whose bytes are in the media store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import delete, insert, or_, select, update

from bot.messages import Media, MediaKind, Place
from storage.schema import address, media, ticket_media

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.formats import Prepared


class FileRow(Struct, frozen=True):
    """One row of `media`; `account` and `external` say where it came from, "" when that person is forgotten."""

    id: str
    account: str
    external: str
    address_id: int | None
    ref: str
    kind: MediaKind
    status: str
    reason: str
    mime: str
    key: str
    thumbnail: str
    lat: float | None
    lon: float | None

    @property
    def media(self) -> Media:
        """What conversations know of it."""
        place = Place(lat=self.lat, lon=self.lon, source="photo") if self.lat is not None else None
        return Media(id=self.id, kind=self.kind, status=self.status, reason=self.reason, place=place)  # type: ignore[arg-type]


async def read(connection: AsyncConnection, media_id: str) -> FileRow | None:
    """The row of a file."""
    statement = (
        select(media, address.c.external)
        .outerjoin(address, address.c.id == media.c.address_id)
        .where(media.c.id == media_id)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        return None
    values = {name: getattr(row, name) for name in FileRow.__struct_fields__}
    return FileRow(**{**values, "external": values["external"] or ""})


async def keep(
    connection: AsyncConnection, media_id: str, prepared: Prepared, key: str, thumbnail: str, *, ref: str = ""
) -> None:
    """The file is in the store: its keys and what it is.

    The provider's reference goes, because it is no longer needed; `ref` is what the provider is still to delete.
    """
    place = prepared.place
    values = {
        "status": "kept",
        "kind": prepared.kind,
        "mime": prepared.mime,
        "size": len(prepared.data),
        "width": prepared.width,
        "height": prepared.height,
        "key": key,
        "thumbnail": thumbnail,
        "lat": place.lat if place else None,
        "lon": place.lon if place else None,
        "ref": ref,
    }
    await connection.execute(update(media).where(media.c.id == media_id).values(**values))


async def drop_ref(connection: AsyncConnection, media_id: str) -> None:
    """The provider keeps the file no more, or nothing can be done about it."""
    await connection.execute(update(media).where(media.c.id == media_id).values(ref=""))


async def refuse(connection: AsyncConnection, media_id: str, reason: str, *, ref: str = "") -> None:
    """The file cannot be used; `reason` is a message key, `ref` what the provider is still to delete."""
    await connection.execute(
        update(media).where(media.c.id == media_id).values(status="refused", reason=reason, ref=ref)
    )


async def forget_places(connection: AsyncConnection, before: float) -> int:
    """Erase where pictures taken in before a time were made; whoever agreed to it has the place on her ticket."""
    old = (media.c.created_at < before, media.c.lat.is_not(None))
    return (await connection.execute(update(media).where(*old).values(lat=None, lon=None))).rowcount


async def forget_unused(connection: AsyncConnection, before: float, most: int = 500) -> tuple[int, list[str]]:
    """Delete rows of files that came before a time and belong to no ticket; (how many, keys that nothing names now)."""
    used = select(ticket_media.c.media_id)
    unused = select(media.c.id).where(media.c.created_at < before, media.c.id.not_in(used)).limit(most)
    gone = delete(media).where(media.c.id.in_(unused)).returning(media.c.key, media.c.thumbnail)
    rows = (await connection.execute(gone)).all()
    keys = {key for row in rows for key in row if key}
    named = select(media.c.key, media.c.thumbnail).where(or_(media.c.key.in_(keys), media.c.thumbnail.in_(keys)))
    still = {key for row in (await connection.execute(named)).all() for key in row}
    return len(rows), sorted(keys - still)


async def add_kept(
    connection: AsyncConnection, media_id: str, account: str, prepared: Prepared, key: str, thumbnail: str, now: float
) -> None:
    """Add a file that came in another way than over a channel, and is in the store."""
    values = {"id": media_id, "account": account, "ref": "", "kind": prepared.kind, "status": "pending"}
    await connection.execute(insert(media).values(**values, created_at=now))
    await keep(connection, media_id, prepared, key, thumbnail)
