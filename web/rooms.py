"""What the web needs from the rest of the house: the composition root fills this in, nothing here reaches further."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from aiohttp.web import AbstractRouteDef

    from bot.channels.browser import Hub, Uploads
    from bot.messages import Inbound, Outbound
    from storage.backlog import Count
    from storage.costs import Spending
    from storage.database import Database
    from storage.indicators import Indicators
    from storage.media import MediaStore
    from web.letters import LetterPage
    from web.metrics import Metrics
    from web.pages import TicketPage

PhoneName = Literal["citizen", "official"]


class Intake(Protocol):
    """Where messages go in: `take` returns when all is committed, with what is to be said to a tap in passing."""

    async def take(self, inbound: Inbound) -> Outbound | None:
        """Raises bot.intake.Unavailable while the database is away."""
        ...


class DemoBody(Struct, frozen=True):
    """A body that the simulator's official can be invited to."""

    id: str
    name: str


async def _never(key: str) -> bool:
    return False


async def _no_letter(code: str) -> LetterPage | None:
    return None


@dataclass(frozen=True)
class Rooms:
    """Everything that the pages stand on.

    `host` is where the server is bound; `public_url` the address the world knows, "" on a laptop. `phones` are those
    that the page at / offers; the official's only ever to this machine itself, because whoever has it can act as one.
    `ticket` and `near_tickets` take a code as it was typed; the latter gives the public codes one slip away. `invite`
    makes a one-time code for an official of these bodies, which `bodies` lists in a language. `map_outline` is the
    pack's areas as a GeoJSON FeatureCollection (properties: name). `tiles` is a map's URL template with its
    `tiles_credit`, "" for the hand-made ground. `ready` tells each part's state, "ok" when it is. `webhooks` are other
    systems' routes; `spending` is what was paid for today, None where nothing is; `figures` is how each body stands.
    """

    secret: str
    database: Database
    intake: Intake
    hub: Hub
    uploads: Uploads
    kept: MediaStore
    metrics: Metrics
    ticket: Callable[[str, str], Awaitable[TicketPage | None]]
    near_tickets: Callable[[str], Awaitable[Sequence[str]]]
    ready: Callable[[], Awaitable[dict[str, str]]]
    map_outline: Callable[[], bytes]
    bodies: Callable[[str], Sequence[DemoBody]]
    invite: Callable[[Sequence[str]], Awaitable[str]]
    backlog: Callable[[], Awaitable[Sequence[Count]]]
    host: str = "127.0.0.1"
    public_url: str = ""
    phones: Sequence[PhoneName] = ("citizen", "official")
    metrics_token: str = ""
    tiles: str = ""
    tiles_credit: str = ""
    time_zone: str = "America/Argentina/Buenos_Aires"
    # Of one contact; more than this is asked to come again.
    messages_a_second: float = 5.0
    messages_at_once: int = 20
    # Sockets from one public address; a private one is taken for our own proxy, which counts for itself.
    sockets_per_peer: int = 60
    sockets: int = 5000
    webhooks: Sequence[AbstractRouteDef] = field(default=())
    spending: Callable[[], Awaitable[Spending]] | None = None
    # Whether an official hid the file with this key in the store from the public.
    hidden: Callable[[str], Awaitable[bool]] = _never
    figures: Callable[[], Awaitable[Indicators]] | None = None
    # The request for information that may be made about an open ticket, None where there is none.
    letter: Callable[[str], Awaitable[LetterPage | None]] = _no_letter

    @property
    def on_loopback(self) -> bool:
        """True when the server is bound where only this machine reaches it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """True for localhost and the addresses that mean it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
