"""What the sender hands to whoever performs an effect, and how the end of an attempt is written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

import msgspec
import structlog
from msgspec import Struct

from bot.channels import Channel, SendError
from bot.messages import Outbound
from bot.retry import Attempt, Decision, Dropped, Failed, Gone, Held, Later, Migrated, OptedOut, PauseAccount, Unknown
from storage import cards
from storage.outbox import Outcome, Row

if TYPE_CHECKING:
    from storage.database import Database

log = structlog.get_logger(__name__)


class Job(Struct, frozen=True, kw_only=True):
    """One effect to perform. `address` is the id on the channel `home`, both "" when there is none; `payload` is JSON.

    `effect_key` is the same for every attempt. `again` is true when an earlier attempt may have arrived, `plain` when
    the full rendering was refused; `attempts` counts the failures in a row of the last failure's class. With `again`,
    `since` is when the first attempt began that may have arrived. `window_until` is until when the address takes free
    words, None when that is not known or does not matter. `edits` is the provider's id of the message whose place this
    one takes, "" when that was not known yet. `token` is what the row was claimed under. Times in Unix seconds.
    """

    id: int
    account: str
    lane: str
    kind: str
    effect_key: str
    address: str
    address_id: int | None
    payload: str
    ticket: str = ""
    attempts: int = 0
    again: bool = False
    plain: bool = False
    bulk: bool = False
    since: float | None = None
    window_until: float | None = None
    home: str = ""
    edits: str = ""
    token: int = 0


class Sent(Struct, frozen=True):
    """What a provider took: its id, and what that costs in SMS segments (0 where nothing is counted).

    `settled`: that it is done stands in the outbox already.
    """

    provider_id: str
    segments: int = 0
    settled: bool = False


Ending = Literal["failed", "unknown", "dropped", "held"]
# Returns the provider's id, or "", or what it took and what that costs; raises SendError.
Perform = Callable[[Job], Awaitable[str | Sent]]


def performs(channel: Channel, database: Database | None = None) -> Perform:
    """Perform messages through a channel; with the `database` one that takes another's place finds that one there."""

    async def perform(job: Job) -> str:
        try:
            message = msgspec.json.decode(job.payload, type=Outbound)
        except msgspec.MsgspecError as error:
            raise SendError("content", f"not an Outbound: {type(error).__name__}") from error
        if message.card and database is not None:
            return await _take_place(channel, database, job, message)
        return await channel.send(job.address, message, again=job.again, plain=job.plain)

    return perform


async def _take_place(channel: Channel, database: Database, job: Job, message: Outbound) -> str:
    """Change the message whose place this one takes; where that cannot be done any more, it is a message of its own."""
    shown_by, edits = message.card, job.edits
    for _ in range(2):
        try:
            changing = msgspec.structs.replace(message, edits=edits or await _sent_as(database, shown_by))
            return await channel.send(job.address, changing, again=job.again, plain=job.plain)
        except SendError as error:
            if error.kind != "stale":
                raise
        # Said anew already, after this was written.
        if (newer := await _shown_by(database, job)) in ("", shown_by):
            break
        shown_by, edits = newer, ""
    sent = await channel.send(job.address, message, again=job.again, plain=job.plain)
    await _follow(database, job, shown_by)
    return sent


async def _follow(database: Database, job: Job, shown_by: str) -> None:
    """Note which message is the card now. It was sent, whatever goes wrong here."""
    try:
        async with database.write() as connection:
            await cards.follow(connection, shown_by, job.effect_key)
    except Exception as error:
        log.warning("card_not_followed", account=job.account, row=job.id, error=type(error).__name__)


async def _shown_by(database: Database, job: Job) -> str:
    async with database.read() as connection:
        return await cards.shown_at(connection, job.address_id, job.ticket)


async def _sent_as(database: Database, effect_key: str) -> str:
    async with database.read() as connection:
        if found := await cards.sent_as(connection, effect_key):
            return found
    raise SendError("stale", "the message to be changed is not known any more")


def job_of(row: Row, account: str, token: int = 0) -> Job:
    """The row, claimed under `token`, as its performer sees it."""
    return Job(
        id=row.id,
        account=account,
        lane=row.lane,
        kind=row.kind,
        effect_key=row.effect_key,
        address=row.external,
        address_id=row.address_id,
        payload=row.payload,
        ticket=row.ticket,
        attempts=row.attempts,
        again=row.doubts > 0,
        plain=row.plain,
        bulk=row.bulk,
        since=row.sending_since if row.doubts else None,
        window_until=row.window_until,
        home=row.home,
        edits=row.edits,
        token=token,
    )


def attempt_of(row: Row) -> Attempt:
    """The row as the retry decision sees it."""
    return Attempt(
        attempts=row.attempts,
        error_class=row.error_class,
        doubts=row.doubts,
        plain=row.plain,
        bulk=row.bulk,
        expires_at=row.expires_at,
    )


def sent(row: Row, taken: str | Sent) -> Outcome:
    """The outcome of an attempt that worked."""
    result = taken if isinstance(taken, Sent) else Sent(taken)
    return Outcome(
        id=row.id,
        status="sent",
        provider_id=result.provider_id,
        segments=result.segments,
        settled=result.settled,
        attempts=row.attempts,
        doubts=row.doubts,
        plain=row.plain,
    )


def outcome_of(row: Row, error: SendError, decision: Decision) -> Outcome:
    """The outcome of an attempt that failed with `error`."""
    match decision:
        case Later():
            return _again(row, error, decision)
        case PauseAccount(later):
            return _again(row, error, later)
        case Migrated(moved_to, later):
            return _again(row, error, later, moved_to=moved_to)
        case Unknown(doubts):
            return _over(row, error, "unknown", doubts=doubts)
        case Failed():
            return _over(row, error, "failed")
        case Dropped():
            return _over(row, error, "dropped")
        case Gone():
            return _over(row, error, "dropped", blocked=True)
        case OptedOut():
            return _over(row, error, "dropped", opted_out=True)
        case Held():
            return _over(row, error, "held")


def _again(row: Row, error: SendError, later: Later, *, moved_to: str = "") -> Outcome:
    return Outcome(
        id=row.id,
        status="pending",
        # What was no fault of the row leaves its history alone, or a throttled row would never run out of tries.
        error_class=error.kind if later.counted else row.error_class,
        error=error.detail,
        due_at=later.due,
        attempts=later.attempts,
        doubts=later.doubts,
        plain=later.plain,
        moved_to=moved_to,
    )


def _over(
    row: Row,
    error: SendError,
    status: Ending,
    *,
    doubts: int | None = None,
    blocked: bool = False,
    opted_out: bool = False,
) -> Outcome:
    return Outcome(
        id=row.id,
        status=status,
        error_class=error.kind,
        error=error.detail,
        attempts=row.attempts + 1,
        doubts=row.doubts if doubts is None else doubts,
        plain=row.plain,
        blocked=blocked,
        opted_out=opted_out,
    )
