"""Sends the messages of a Twilio account: finds out first whether a doubtful one was taken, and minds the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from bot.ceilings import Ceilings
from bot.channels import ErrorClass, SendError
from bot.channels.gsm7 import segments
from bot.jobs import Job, Sent
from bot.messages import Outbound
from bot.pacing import Pace, Rate
from storage import receipts
from storage.receipts import ENDED_BADLY

if TYPE_CHECKING:
    from bot.channels.twilio_api import Form, Remote
    from bot.channels.twilio_channel import TwilioChannel
    from routing.pack import Pack
    from routing.records import Template
    from storage.database import Database

log = structlog.get_logger(__name__)

STATUS_PATH = "/twilio/status"
# A long code sends one segment a second and queues the rest itself (twilio.com/docs/messaging/guides/scaling-queueing-
# latency); a service spreads over its numbers. More than 30 to one phone within 30 s is taken for a loop (14107).
TWILIO_SMS_PACE = Pace(chat=Rate(1.5, 5), account=Rate(1.0, 5), bulk=Rate(2.0, 1))
TWILIO_SERVICE_PACE = Pace(chat=Rate(1.5, 5), account=Rate(1 / 10, 10), bulk=Rate(1 / 5, 5))
# 80 a second for a sender, and Meta's own limit for one person; a little under each.
TWILIO_WHATSAPP_PACE = Pace(chat=Rate(1.0, 5), account=Rate(1 / 50, 10), bulk=Rate(1 / 25, 5))
# Twilio's clock is not ours, and it counts whole seconds.
CLOCKS_APART = 60.0
# What takes so long to go out that the window may be over by then.
WINDOW_MARGIN = 30.0
TEMPLATE = "update"
TRIAL = "Sent from your Twilio trial account - "
# A question to Twilio that is not answered does not make a message doubtful once more.
UNANSWERED: dict[ErrorClass, ErrorClass] = {"ambiguous": "not_sent", "content": "server"}
# It was the moment, not the message: the rest of it may go later.
PASSING: frozenset[ErrorClass] = frozenset({"not_sent", "ambiguous", "throttled", "server", "config"})


class Client(Protocol):
    """What is asked of `bot.channels.twilio_api.Api`."""

    async def create(self, form: Form) -> Remote:
        """Send a message; raises SendError."""
        ...

    async def messages(self, *, to: str = "", sender: str = "", since: float, most: int = 200) -> list[Remote]:
        """The messages created since then, newest first; raises SendError."""
        ...


class TwilioSending:
    """Performs the messages of one account; `public_url` is where Twilio tells what became of them."""

    def __init__(
        self,
        database: Database,
        channel: TwilioChannel,
        api: Client,
        pack: Callable[[], Pack],
        public_url: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._channel = channel
        self._api = api
        self._pack = pack
        self._callback = f"{public_url}{STATUS_PATH}"
        self._clock = clock
        self._ceilings = Ceilings(database, pack)

    async def perform(self, job: Job) -> Sent:
        """Send a message unless it was taken before; see `bot.jobs.Perform`."""
        try:
            message = msgspec.json.decode(job.payload, type=Outbound)
        except msgspec.MsgspecError as error:
            raise SendError("content", f"not an Outbound: {type(error).__name__}") from error
        if job.again and (sid := await self._told(job)):
            return Sent(sid)
        forms, closed = await self._forms(job, message)
        found = await self._find(job, forms) if job.again else {}
        if closed and len(found) < len(forms):
            raise closed
        if len(found) < len(forms):
            await self._ceilings.check(job, self._clock())
        return await self._send(job, forms, found)

    async def _forms(self, job: Job, message: Outbound) -> tuple[list[Form], SendError | None]:
        """What to send, and why it must not go, which does not matter for what has gone already."""
        closed = self._channel.window > 0 and (job.window_until or 0.0) < self._clock() + WINDOW_MARGIN
        template = self._template(message) if closed else None
        forms = await self._channel.forms(job.address, message, plain=job.plain, template=template)
        if not forms:
            raise SendError("stale", "nothing to say on this channel")
        refused = SendError("window", "free words only after she writes again") if closed and not template else None
        return list(forms), refused

    def _template(self, message: Outbound) -> Template | None:
        """What may carry the message outside of the window; only what speaks of a ticket has a usual one."""
        name = message.template or (TEMPLATE if message.ticket else "")
        return self._pack().template(name, message.language) if name else None

    async def _told(self, job: Job) -> str:
        """The provider's id that a callback brought for the attempts in doubt, "" when none did."""
        async with self._database.read() as connection:
            told = await receipts.of_rows(connection, [job.id], (job.since or 0.0) - CLOCKS_APART)
        ended = {given.provider_id for given in told if given.status in ENDED_BADLY}
        return next((given.provider_id for given in reversed(told) if given.provider_id not in ended), "")

    async def _find(self, job: Job, forms: Sequence[Form]) -> dict[int, Remote]:
        """Which of the forms Twilio has taken already, each with the message that came of it."""
        since = (job.since or self._clock()) - CLOCKS_APART
        try:
            listed = await self._api.messages(to=_one(forms[0], "To"), sender=_one(forms[0], "From"), since=since)
        except SendError as error:
            kind = UNANSWERED.get(error.kind, error.kind)
            raise SendError(kind, f"not found out: {error.detail}", retry_after=error.retry_after) from None
        ours = [remote for remote in listed if not remote.direction.startswith("inbound")]
        free = await self._free(job, ours)
        found: dict[int, Remote] = {}
        for number, form in enumerate(forms):
            # The oldest first: where one text was said twice, they keep their order.
            match = next((remote for remote in reversed(free) if says(remote, form)), None)
            if match:
                free.remove(match)
                found[number] = match
        return found

    async def _free(self, job: Job, listed: list[Remote]) -> list[Remote]:
        """Those that no row has. What did not arrive was some row's, which has sent it again or given it up since."""
        async with self._database.read() as connection:
            sids = [remote.sid for remote in listed]
            taken = await receipts.adopted(connection, job.address_id or 0, sids)
            taken |= await receipts.ended(connection, job.account, sids)
        return [remote for remote in listed if remote.sid not in taken]

    async def _send(self, job: Job, forms: Sequence[Form], found: dict[int, Remote]) -> Sent:
        """Make the messages that are not there yet; what became of the one with words is what became of all."""
        speaking = max((number for number, form in enumerate(forms) if {"Body", "ContentSid"} & form.keys()), default=0)
        made = dict(found)
        for number, form in enumerate(forms):
            if number in made:
                continue
            told = {"StatusCallback": f"{self._callback}?o={job.id}"} if number == speaking else {}
            try:
                made[number] = await self._api.create({**form, **told})
            except SendError as error:
                if not made:
                    raise
                self._bear(job, error, speaking in made)
        return Sent(made[speaking].sid, sum(cost(remote, forms[number]) for number, remote in made.items()))

    def _bear(self, job: Job, error: SendError, spoken: bool) -> None:
        """Half of a message has gone: the rest is looked for before it is tried again, or does without."""
        if error.kind in PASSING:
            raise SendError("ambiguous", f"in part: {error.kind} {error.detail}")
        if not spoken:
            raise error
        log.warning("part_refused", account=job.account, row=job.id, kind=error.kind, detail=error.detail)


def pace_of(account: str) -> Pace:
    """What a Twilio account of ours bears."""
    if account.startswith("whatsapp:"):
        return TWILIO_WHATSAPP_PACE
    return TWILIO_SERVICE_PACE if account.startswith("sms:MG") else TWILIO_SMS_PACE


def says(remote: Remote, form: Form) -> bool:
    """True when a message of Twilio's is what this form asks for.

    Of a content only its words come back, filled in: they hold its first variable, a menu's words or a ticket's code.
    """
    body = _squeeze(remote.body).removeprefix(_squeeze(TRIAL)).strip()
    if "ContentSid" not in form:
        return body == _squeeze(_one(form, "Body")) and (remote.media > 0) == bool(form.get("MediaUrl"))
    try:
        variables = msgspec.json.decode(_one(form, "ContentVariables") or "{}", type=dict[str, str])
    except msgspec.MsgspecError:
        return False
    return _squeeze(next(iter(variables.values()), "")) in body


def cost(remote: Remote, form: Form) -> int:
    """The segments that a message is paid as. A messaging service knows them only later and says 0 until then."""
    return remote.segments or max(1, segments(_one(form, "Body")))


def _one(form: Form, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else next(iter(value), "")


def _squeeze(words: str) -> str:
    return " ".join(words.split())
