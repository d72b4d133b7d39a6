"""How long a sender may send for its account: while it holds that account's lease, which it renews in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from storage import leases
from storage.heads import Holding

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database


class LeaseLostError(Exception):
    """Another process sends for this account now."""


class Tenure:
    """The lease `name` for `owner`, free for others `seconds` after it was renewed last; `until` is when."""

    def __init__(self, database: Database, name: str, owner: str, seconds: float, clock: Callable[[], float]) -> None:
        self.until = 0.0
        self._database = database
        self._name = name
        self._owner = owner
        self._seconds = seconds
        self._clock = clock

    @property
    def renewal_at(self) -> float:
        """When the lease wants renewal."""
        return self.until - self._seconds * 2 / 3

    async def begin(self) -> int | None:
        """Take the lease; its token, None while somebody else holds it."""
        now = self._clock()
        async with self._database.write() as connection:
            token = await leases.acquire(connection, self._name, self._owner, now, self._seconds)
        self.until = now + self._seconds
        return token

    async def end(self, token: int) -> None:
        """Give the lease back."""
        async with self._database.write() as connection:
            await leases.release(connection, self._name, token)

    def holding(self, token: int) -> Holding:
        """What binds a claim to the lease in its own statement."""
        return Holding(self._name, token)

    async def keep(self, connection: AsyncConnection, token: int, now: float) -> float:
        """Hold the lease for this transaction, renewing it in time; return until when it is ours, once committed."""
        renewing = now >= self.renewal_at
        if renewing:
            ours = await leases.renew(connection, self._name, token, now, self._seconds)
        else:
            ours = await leases.hold(connection, self._name, token)
        if not ours:
            raise LeaseLostError
        return now + self._seconds if renewing else self.until
