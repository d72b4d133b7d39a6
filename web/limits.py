"""How much one visitor may ask of us: messages a second, uploads, open sockets. In memory, because it only protects."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Pace:
    """A token bucket for everyone: `rate` a second, `burst` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def wait_for(self, who: str) -> float:
        """Take one token; 0 when there was one, else the seconds until there is (and none is taken)."""
        now = self._clock()
        if len(self._full_at) > 10_000:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now}
        full_at = max(self._full_at.get(who, now), now) + 1 / self._rate
        wait = full_at - now - self._burst / self._rate
        if wait > 1e-9:
            return wait
        self._full_at[who] = full_at
        return 0.0


class TooManyError(Exception):
    """No more sockets for this visitor, or for anyone."""


class Doors:
    """Counts open sockets: `most` together, `per_peer` from one public address."""

    def __init__(self, most: int, per_peer: int) -> None:
        self._most = most
        self._per_peer = per_peer
        self._open: Counter[str] = Counter()

    @contextmanager
    def opened(self, peer: str) -> Iterator[None]:
        """A socket's place for as long as the block lasts. Raises TooManyError."""
        if self._open.total() >= self._most or (_is_public(peer) and self._open[peer] >= self._per_peer):
            raise TooManyError
        self._open[peer] += 1
        try:
            yield
        finally:
            self._open[peer] -= 1
            if not self._open[peer]:
                del self._open[peer]


def _is_public(peer: str) -> bool:
    try:
        return ip_address(peer).is_global
    except ValueError:
        return False
