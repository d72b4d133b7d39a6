"""Pictures of the map that we draw: rows of `media` like any other file's, with an id made of what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import media

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

ACCOUNT = "chart"


async def touch(connection: AsyncConnection, chart_id: str, now: float) -> bool:
    """True when this picture is there already; it is kept as long as one that is drawn now."""
    found = await connection.execute(update(media).where(media.c.id == chart_id).values(created_at=now))
    return found.rowcount > 0


async def keep(
    connection: AsyncConnection, chart_id: str, key: str, size: int, side: tuple[int, int], now: float
) -> None:
    """A picture is in the media store under `key`: `size` bytes, `side` pixels wide and high."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    row = {
        "id": chart_id,
        "account": ACCOUNT,
        "ref": "",
        "kind": "photo",
        "status": "kept",
        "mime": "image/png",
        "size": size,
        "width": side[0],
        "height": side[1],
        "key": key,
        "thumbnail": key,
        "created_at": now,
    }
    statement = insert(media).values(row).on_conflict_do_update(index_elements=["id"], set_={"created_at": now})
    await connection.execute(statement)
