"""The loaded pack: one row, so that every process of a deployment serves the same municipality."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from storage.schema import pack

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def save_pack(connection: AsyncConnection, name: str, body: bytes, now: float) -> bool:
    """Make this the deployment's pack; False when it already is, to the letter."""
    digest = hashlib.sha256(body).hexdigest()
    known = (await connection.execute(select(pack.c.digest))).scalar_one_or_none()
    if known == digest:
        return False
    await connection.execute(delete(pack))
    await connection.execute(insert(pack).values(name=name, digest=digest, body=body.decode(), loaded_at=now))
    return True


async def load_pack(connection: AsyncConnection) -> str | None:
    """The JSON of the deployment's pack, None before the first load."""
    body: str | None = (await connection.execute(select(pack.c.body))).scalar_one_or_none()
    return body
