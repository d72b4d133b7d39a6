"""What everything at a desk has in common, however many messages are handled there."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bot.scene import NO_LIMITS, Limits, Ways, all_fit, no_ways
from routing.learning import Learned
from storage.phones import KeyedHash, make_keyed_hash

if TYPE_CHECKING:
    from bot.messages import Outbound
    from bot.switchboard import Table
    from routing.pack import Pack
    from storage.database import Database
    from storage.quiet import Calm

# Where nobody keeps count of what words led to, one that knows nothing does for every message.
_NOTHING = Learned()


class Room:
    """What the intake needs of the rest: variants and limits of channels, the pack, fresh codes, whom to wake."""

    def __init__(
        self,
        *,
        database: Database,
        table: Table,
        pack: Callable[[], Pack],
        new_code: Callable[[], str],
        new_id: Callable[[], str],
        wake: Callable[[set[str]], None],
        variant: Callable[[str], str],
        fits: Callable[[str, Outbound], int] = lambda account, message: all_fit(message),
        window: Callable[[str], float] = lambda account: 0.0,
        sms: str = "",
        services: frozenset[str] = frozenset(),
        keyed_hash: KeyedHash | None = None,
        ways: Ways = no_ways,
        limits: Limits = NO_LIMITS,
        popularity: Callable[[], Mapping[str, int]] = dict,
        learned: Callable[[], Learned] = lambda: _NOTHING,
        public_url: str = "",
        language: str = "es",
        clock: Callable[[], float] = time.time,
        calm: Callable[[], Calm | None] | None = None,
    ) -> None:
        self.database = database
        self.table = table
        self.pack = pack
        self.new_code = new_code
        self.new_id = new_id
        self.wake = wake
        self.variant = variant
        self.fits = fits
        self.window = window
        self.sms = sms
        # The look-ups that a conversation may ask for.
        self.services = services
        # Without a key from outside what was begun ends with this process.
        self.keyed_hash = keyed_hash or make_keyed_hash(secrets.token_hex(32))
        self.popularity = popularity
        self.learned = learned
        self.ways = ways
        self.limits = limits
        self.public_url = public_url
        self.language = language
        self.clock = clock
        # When nobody is told what can wait: the pack's own hours unless something else is wished for.
        self.calm = calm or (lambda: pack().timetable)
