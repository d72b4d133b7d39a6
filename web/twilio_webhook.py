"""Where Twilio brings messages: signed, read, committed, and only then answered; and where it brings them again.

Twilio repeats a webhook for 15 seconds, if it is told to, and then calls the fallback once. While the database is away
the fallback keeps messages on disk, and they are handled in their order when it is back.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog
from aiohttp import web

from bot.channels.twilio_parse import Unparsable, Way, parse, sid_of, way_of
from bot.intake import Unavailable
from bot.spool import Spooled
from web.twilio_signature import BODY_BYTES, PROOF_HEADER, Signatures, read_form

if TYPE_CHECKING:
    from bot.messages import Inbound
    from bot.spool import Spool

log = structlog.get_logger(__name__)

PATHS: dict[Way, str] = {"sms": "/twilio/sms", "whatsapp": "/twilio/whatsapp"}
FALLBACK_PATHS: dict[Way, str] = {"sms": "/twilio/fallback/sms", "whatsapp": "/twilio/fallback/whatsapp"}
# Left alone, Twilio repeats nothing but a connection that failed: a 5xx or a slow answer loses the message. Four tries
# more, 15 s in all, its most (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
OVERRIDES = "#rc=4&rp=5xx,ct,rt&ct=1500&rt=3000&tt=15000"
# Twilio waits 3 s for an answer, see above; whoever does not hold out for the commit says so before that.
PATIENCE = 2.5
FALLBACK_PATIENCE = 1.5
# A wrong public address is the usual cause of refused signatures; one line in so many seconds tells the operator.
TELL_EVERY = 60.0
# Between two looks at what waits on disk; whoever brings a new message looks too.
LOOK_SECONDS = 5.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Intake(Protocol):
    """What takes messages; all raise Unavailable when nothing was taken."""

    async def take(self, inbound: Inbound) -> object:
        """Handle a message and return once that is on disk."""
        ...

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        """Keep what could not be read."""
        ...

    async def ignore(self, account: str, key: str) -> None:
        """Know a message that asks nothing of us when it comes again."""
        ...


def webhook_url(public_url: str, path: str) -> str:
    """The address to register at Twilio. What stands behind the # is for Twilio, and no part of what it signs."""
    return f"{public_url}{path}{OVERRIDES}"


class Door:
    """Takes Twilio's messages; `accounts` says under which account of ours each way's are handled.

    `seen` is told the MessageSid of each WhatsApp message once it is committed, and must not wait.
    """

    def __init__(
        self,
        signatures: Signatures,
        intake: Intake,
        accounts: Mapping[Way, str],
        spool: Spool,
        seen: Callable[[str], None] = lambda sid: None,
    ) -> None:
        self._signatures = signatures
        self._intake = intake
        self._accounts = accounts
        self._spool = spool
        self._seen = seen
        self._flushing = asyncio.Lock()
        self._told_at = -TELL_EVERY

    def routes(self) -> list[web.RouteDef]:
        """The webhooks of the ways that are switched on."""
        ways = list(self._accounts)
        return [
            *(web.post(PATHS[way], self.webhook(way)) for way in ways),
            *(web.post(FALLBACK_PATHS[way], self.fallback(way)) for way in ways),
        ]

    def webhook(self, way: Way) -> Handler:
        """The handler for messages. 200: committed; 403: not Twilio; 413: too large; 503: come again."""

        async def handler(request: web.Request) -> web.Response:
            spooled = await self._prove(request, way)
            return _thanks() if await self._try(spooled, PATIENCE) else web.Response(status=503)

        return handler

    def fallback(self, way: Way) -> Handler:
        """The handler for what could not be taken. 200: committed, or on disk; 503: neither."""

        async def handler(request: web.Request) -> web.Response:
            spooled = await self._prove(request, way)
            if await self._try(spooled, FALLBACK_PATIENCE) or await self._put(spooled):
                return _thanks()
            return web.Response(status=503)

        return handler

    async def take(self, spooled: Spooled) -> None:
        """Read a webhook and return once it is committed; what cannot be read is buried. Raises Unavailable."""
        form = read_form(spooled.form)
        # An address that was registered for the other way is no reason to lose anything.
        way = found if (found := way_of(form)) in self._accounts else _way(spooled)
        account = self._accounts.get(way, f"{way}:")
        try:
            said = parse(form, way, account, spooled.at)
        except Unparsable as fault:
            log.warning("unparsable", account=account, reason=fault.reason)
            key = fault.key or f"unparsed:{hashlib.sha256(spooled.form).hexdigest()[:32]}"
            await self._intake.bury(account, key, spooled.form, fault.reason)
            return
        if said is None:
            # Not known here, the sweep would find it in Twilio's list, which does not tell that it was answered.
            await self._intake.ignore(account, sid_of(form))
            return
        await self._intake.take(said)
        if way == "whatsapp" and said.kind == "message":
            self._seen(said.key)

    async def keep_flushing(self) -> None:
        """Hand over what waits on disk, now and whenever something does, until cancelled."""
        while True:
            with suppress(Unavailable):
                await self.flush()
            await asyncio.sleep(LOOK_SECONDS)

    async def flush(self) -> None:
        """Hand over what waits on disk, in its order. Raises Unavailable."""
        try:
            if self._spool.waits():
                async with self._flushing:
                    # Who waited for another's turn finds nothing left.
                    if size := await self._spool.flush(self.take):
                        log.info("spool_flushed", size=size)
        except OSError as error:
            # The disk's fault; what comes over the network is handled all the same.
            log.error("spool_failed", fault=error.strerror)

    async def _try(self, spooled: Spooled, seconds: float) -> bool:
        """False when the database is away or too slow; the message may even so be taken, and is known by its key."""
        try:
            async with asyncio.timeout(seconds):
                # Nothing overtakes what waits on disk: it may be of the same person.
                await self.flush()
                await self.take(spooled)
        except (Unavailable, TimeoutError):
            return False
        return True

    async def _put(self, spooled: Spooled) -> bool:
        kept = await self._spool.put(sid_of(read_form(spooled.form)), spooled)
        log.warning("spooled" if kept else "not_spooled", account=self._accounts[_way(spooled)])
        return kept

    async def _prove(self, request: web.Request, way: Way) -> Spooled:
        shown = request.headers.get(PROOF_HEADER, "")
        if not shown:
            raise web.HTTPForbidden
        raw = await request.clone(client_max_size=BODY_BYTES).read()
        if not self._signatures.prove(request.raw_path, read_form(raw), shown):
            self._tell()
            raise web.HTTPForbidden
        return Spooled(way, raw, time.time())

    def _tell(self) -> None:
        if (now := time.monotonic()) - self._told_at >= TELL_EVERY:
            self._told_at = now
            log.warning(
                "signature_refused",
                mend="if Twilio calls: BALDOSA_PUBLIC_URL must be the start of the address that it was given, and "
                "BALDOSA_TWILIO_AUTH_TOKEN the account's token",
            )


def _way(spooled: Spooled) -> Way:
    return "whatsapp" if spooled.way == "whatsapp" else "sms"


def _thanks() -> web.Response:
    """An empty TwiML document: what we say goes by the API, which gives it an id before it is sent."""
    return web.Response(text="<Response/>", content_type="text/xml")
