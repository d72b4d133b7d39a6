"""Finds messages that Twilio has and we never got: its own list is compared with our inbox, by one process at a time.

A webhook that fails for longer than Twilio tries is gone, but the message stays in its list: words, files, who and
when. Pins and taps are not told there: whoever sent one is asked to send it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
import structlog

from bot.channels import SendError
from bot.channels.twilio_parse import WHATSAPP, Unparsable, Way, parse
from bot.housekeeping import INBOUND_WORDS
from bot.turns import Turn
from storage import inbox

if TYPE_CHECKING:
    from bot.channels.twilio_api import Api, Remote
    from bot.intake import Intake
    from bot.messages import Inbound
    from storage.database import Database

log = structlog.get_logger(__name__)

SWEEP_EVERY = 300.0
TURN_SECONDS = 1.5 * SWEEP_EVERY
# After what went wrong, and between two looks of who stands by.
RETRY_SECONDS = 60.0
# Twilio brings a message for 15 s and then calls the fallback for as long again.
YOUNGEST = 60.0
# What waits on the disks of other machines, pins and taps with it, goes first once the database is back.
SETTLE_SECONDS = 30.0
# A message may be listed later than one that was written after it.
OVERLAP = 900.0
# Who begins does not know how far the one before had come.
LOOK_BACK = 2 * 86400.0
MOST = 5000


class Sweep:
    """Sweeps for `senders`: (our account, what people write to as Twilio names it) of each way."""

    def __init__(
        self,
        api: Api,
        intake: Intake,
        database: Database,
        owner: str,
        senders: Mapping[Way, tuple[str, str]],
        flush: Callable[[], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._intake = intake
        self._database = database
        self.turn = Turn("sweep:twilio", database, owner, TURN_SECONDS)
        self._senders = senders
        self._flush = flush
        self._clock = clock
        self._since: dict[Way, float] = {}

    async def run(self) -> None:
        """Sweep at once and every five minutes, if it is ours to do, until cancelled."""
        try:
            while True:
                pause = await self._once()
                await asyncio.sleep(pause)
        finally:
            await self.turn.give_back()

    async def sweep(self) -> int:
        """Take what is missing, oldest first; how many. Raises SendError, bot.intake.Unavailable."""
        await self._flush()
        return sum([await self._sweep(way) for way in self._senders])

    async def _once(self) -> float:
        """Sweep if it is ours to do; seconds until the next turn."""
        try:
            if not await self.turn.comes(self._clock()):
                self._since.clear()
                return RETRY_SECONDS
            await asyncio.sleep(SETTLE_SECONDS)
            if found := await self.sweep():
                log.warning("webhooks_missed", messages=found)
        except SendError as error:
            log.warning("sweep_failed", kind=error.kind, detail=error.detail)
            return RETRY_SECONDS
        except Exception as error:
            # Whatever it is: what was missed today is looked for again, until it is found.
            log.warning("sweep_waits", fault=type(error).__name__)
            return RETRY_SECONDS
        return SWEEP_EVERY

    async def _sweep(self, way: Way) -> int:
        account, named = self._senders[way]
        now = self._clock()
        since = self._since[way] if way in self._since else await self._begin_at(account, now)
        to = "" if named.startswith("MG") else named
        listed = await self._api.messages(to=to, since=max(since, now - INBOUND_WORDS), most=MOST)
        if len(listed) == MOST:
            log.error("sweep_overrun", account=account, most=MOST)
        ours = [each for each in reversed(listed) if _is_ours(each, named) and each.created <= now - YOUNGEST]
        missing = await self._missing(account, ours)
        for each in missing:
            await self._take(each, way, account)
        self._since[way] = max(since, now - OVERLAP)
        return len(missing)

    async def _begin_at(self, account: str, now: float) -> float:
        """From when on: a number's history from before we answered it is nobody's report."""
        async with self._database.read() as connection:
            span = await inbox.span(connection, account)
        return now if span is None else max(span[0] - YOUNGEST, min(span[1], now) - LOOK_BACK)

    async def _missing(self, account: str, listed: list[Remote]) -> list[Remote]:
        async with self._database.read() as connection:
            known = await inbox.known(connection, account, [each.sid for each in listed])
        return [each for each in listed if each.sid not in known]

    async def _take(self, remote: Remote, way: Way, account: str) -> None:
        files = await self._files(remote) if remote.media else []
        given = _given(remote, [(self._api.media_url(remote.sid, sid), mime) for sid, mime in files])
        try:
            said = parse(given, way, account, remote.created)
        except Unparsable as fault:
            await self._intake.bury(account, remote.sid, b"", fault.reason)
            return
        if said is not None:
            await self._intake.take(_lost(said) if way == "whatsapp" or remote.media else said)

    async def _files(self, remote: Remote) -> list[tuple[str, str]]:
        """The files of a message; none when Twilio will not say, or every message after it would wait for ever."""
        try:
            return await self._api.media_list(remote.sid)
        except SendError as error:
            if error.kind != "content":
                raise
            log.warning("files_missed", sid=remote.sid, detail=error.detail)
            return []


def _is_ours(remote: Remote, named: str) -> bool:
    """Written to us by somebody. A messaging service has numbers that are not told here, so it is named itself."""
    if remote.direction != "inbound":
        return False
    if named.startswith("MG"):
        return remote.service == named and not remote.to.startswith(WHATSAPP)
    return remote.to == named


def _given(remote: Remote, files: list[tuple[str, str]]) -> dict[str, str]:
    """The message as its webhook would have told it."""
    given = {"MessageSid": remote.sid, "From": remote.sender, "To": remote.to, "Body": remote.body}
    for number, (url, mime) in enumerate(files):
        given |= {f"MediaUrl{number}": url, f"MediaContentType{number}": mime}
    return given


def _lost(said: Inbound) -> Inbound:
    """What says nothing in the list was a pin or something tapped, or a file that is not told any more."""
    empty = not (said.text.strip() or said.attachments)
    return msgspec.structs.replace(said, kind="lost", name="place") if empty else said
