"""What geocoders answered, kept for a while: their policies ask for it, and the next who asks is answered at once.

Under a hash of what was asked: what people typed is not kept.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import geocode

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def read(connection: AsyncConnection, provider: str, asked: str, since: float) -> str | None:
    """What a provider has answered since then, as it was kept; None when it has not been asked."""
    mine = (geocode.c.provider == provider, geocode.c.query == _mark(asked), geocode.c.at >= since)
    return (await connection.execute(select(geocode.c.found).where(*mine))).scalar_one_or_none()


async def keep(connection: AsyncConnection, provider: str, asked: str, found: str, now: float) -> None:
    """Keep an answer in the place of an older one."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    await connection.execute(
        insert(geocode)
        .values(provider=provider, query=_mark(asked), found=found, at=now)
        .on_conflict_do_update(index_elements=["provider", "query"], set_={"found": found, "at": now})
    )


async def forget_old(connection: AsyncConnection, before: float) -> int:
    """Delete what was answered before a time; how many answers."""
    return (await connection.execute(delete(geocode).where(geocode.c.at < before))).rowcount


def _mark(asked: str) -> str:
    return hashlib.sha256(asked.encode()).hexdigest()
