"""What one message finds when it is heard, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from bot.messages import Outbound
from routing.learning import Learned

if TYPE_CHECKING:
    from bot.answers import Said
    from bot.talk import Talk
    from locales import Catalog
    from routing.pack import Pack
    from storage.people import Person
    from storage.work import Work

# How many of a message's options fit into it, on the channel of the one who reads it.
Fits = Callable[[Outbound], int]


def all_fit(message: Outbound) -> int:
    """A channel that shows as many options as there are."""
    return len(message.options)


class Limits(NamedTuple):
    """How many tickets one person, or one address, may open in an hour and in a day, and how many one network in a
    day; how many messages an address may send in a minute. 0 is no limit.
    """

    per_hour: int = 0
    per_day: int = 0
    network_per_day: int = 0
    messages: int = 0


NO_LIMITS = Limits()


class LookUp(Struct, frozen=True):
    """A question to a service: `request` names it in "do" and holds what it needs.

    The `stamp` tells its answer from that of an earlier one under the same name.
    """

    talk: int
    name: str
    stamp: int
    request: dict[str, Any] = {}


# Where the bot is reached with something to carry: (kind of channel, link or what is to be written where) of each.
Ways = Callable[[str], Sequence[tuple[str, str]]]


def no_ways(_payload: str) -> Sequence[tuple[str, str]]:
    """Where nobody is told how else the bot is reached."""
    return ()


class Elsewhere(Protocol):
    """What waits for this person at her other addresses."""

    async def find(self) -> dict[str, Any] | None:
        """What an unfinished report is about, as arguments of the conversation that offers it."""

    async def bring(self, address_id: int, mark: str) -> Talk | None:
        """That report, taken away from there."""


class Scene:
    """What one message finds (who, when, which words, what the pack and the transaction hold) and what comes of it."""

    def __init__(
        self,
        *,
        person: Person,
        now: float,
        words: Catalog,
        variant: str,
        pack: Pack,
        work: Work,
        public_url: str = "",
        popularity: Mapping[str, int] | None = None,
        learned: Learned | None = None,
        fits: Fits = all_fit,
        sms: str = "",
        keyed_hash: Callable[[str], str] = str,
        elsewhere: Elsewhere | None = None,
        services: frozenset[str] = frozenset(),
        ways: Ways = no_ways,
        limits: Limits = NO_LIMITS,
        network: str = "",
    ) -> None:
        self.person = person
        self.now = now
        self.words = words
        self.variant = variant
        self.pack = pack
        self.work = work
        self.public_url = public_url
        self.popularity = popularity or {}
        self.learned = learned or Learned()
        self.fits = fits
        self.sms = sms
        self.keyed_hash = keyed_hash
        self.elsewhere = elsewhere
        self.services = services
        self.ways = ways
        self.limits = limits
        self.network = network
        self.brought: Talk | None = None
        self.passed = ""
        self.said: Said | None = None
        self.alone = True
        self.only: int | None = None
        self.silent = False
        self.pictures = False
        self.begun = 0
        self.outs: list[Outbound] = []
        self.look_ups: list[LookUp] = []
        self.remarks: list[str] = []
        self.reasons: dict[str, str] = {}
        self.reply_to = ""

    def text(self, key: str, /, **values: Any) -> str:
        """A message in the person's language and the channel's length."""
        return self.words.text(key, self.variant, **values)

    def out(self, outbound: Outbound) -> None:
        """Say it, behind what has to be remarked first."""
        self.outs.append(self.remarked(outbound))

    def remarked(self, outbound: Outbound) -> Outbound:
        """A message with what has to be remarked in front of it, which is remarked then."""
        if self.remarks:
            remark = "\n\n".join(dict.fromkeys(self.remarks))
            outbound = msgspec.structs.replace(outbound, text=f"{remark}\n\n{outbound.text}")
            self.remarks.clear()
        return msgspec.structs.replace(outbound, reply_to=self.reply_to) if self.reply_to else outbound
