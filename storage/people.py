"""Persons, their addresses and the running conversation of each address: read and written for a whole batch at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import and_, bindparam, exists, func, insert, select, update

from storage import blocks, timers
from storage.schema import (
    address,
    conversation,
    official,
    person,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

Key = tuple[str, str]  # (account, external id)
MOST_LANGUAGE = 12
# Telegram gives groups negative numbers; no other channel has groups.
GROUP_MARK = "-"
PHONE_CHANNELS = ("sms:", "whatsapp:")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


def is_group(external: str) -> bool:
    """True of a group chat, a topic of it, and somebody's part in it."""
    return external.startswith(GROUP_MARK)


class Person(Struct, frozen=True):
    """Who writes, at which address. `group` is true for somebody who writes in a group chat: "chat/user", or
    "chat:topic/user" in one with topics.

    `low_data`: she pays for every byte, and wants no pictures, short texts and few messages. `elsewhere`: she writes at
    other private addresses too. `blocked_until`: nothing is taken from her until then.
    """

    id: int
    address_id: int
    account: str
    external: str
    language: str
    official: bool
    low_data: bool = False
    elsewhere: bool = False
    blocked_until: float = 0.0

    @property
    def group(self) -> bool:
        return "/" in self.external

    @property
    def shared(self) -> bool:
        """True where a whole group reads what is said: to somebody who writes in it, or to all of it."""
        return is_group(self.external)

    @property
    def chat(self) -> str:
        """The chat's id on the channel; in a group with topics, that of the topic."""
        return self.external.partition("/")[0]


class Session(Struct):
    """A person's address with its conversation row, locked for the length of the transaction.

    `opted_out_by` says who closed it: "person" (she told us) or "provider" (she told it, and it lets nothing through).
    `disarmed`: there was nothing to look at any more, and its timers are to be taken back, but for those `armed` since,
    by their effect keys.
    """

    person: Person
    talks: str
    gathering: str
    version: int
    out_seq: int
    last_in_at: float
    timer_at: float | None
    opted_out_at: float | None
    opted_out_by: str
    blocked: bool
    changed: bool = False
    disarmed: bool = False
    armed: list[str] = []

    @property
    def opted_out(self) -> bool:
        """True while she wants no messages."""
        return self.opted_out_at is not None

    @property
    def closed(self) -> bool:
        """True while nothing may be sent there."""
        return self.opted_out or self.blocked


async def load_sessions(
    connection: AsyncConnection, keys: dict[Key, str], now: float, default_language: str
) -> dict[Key, Session]:
    """The sessions of these addresses, locked; who is new is written down. `keys` maps to claimed languages."""
    found = await _read_sessions(connection, list(keys))
    missing = [key for key in keys if key not in found]
    if missing:
        # A claimed language may be any length; what matters stands in front.
        found |= await _create(
            connection, {key: (keys[key] or default_language)[:MOST_LANGUAGE] for key in missing}, now
        )
    return found


async def refresh(work: Work, sessions: Iterable[Session]) -> None:
    """Look again at who these are: a message of the same batch changed a language, a door, an office."""
    work.people_changed = False
    known = {session.person.address_id: session for session in sessions}
    for row in await work.rows(WHO_OF, {"ids": list(known)}):
        session = known[row.id]
        session.person = _person(row)
        session.opted_out_at, session.opted_out_by = row.opted_out_at, row.opted_out_by
        session.blocked = row.blocked_at is not None


async def open_session(work: Work, address_id: int) -> Session | None:
    """Another address's session, locked and saved with the batch; the batch's own where it is among them already."""
    key = (await load_by_id(work.connection, [address_id])).get(address_id)
    if key is None:
        return None
    if key not in work.sessions:
        work.sessions |= await load_sessions(work.connection, {key: ""}, work.now, "")
    return work.sessions[key]


async def look_at_session(work: Work, address_id: int) -> Session | None:
    """Another address's session as it stands, not locked and not saved."""
    row = await work.first(LOOK_AT_SESSION, {"id": address_id})
    return None if row is None else _session(row)


async def load_by_id(connection: AsyncConnection, address_ids: Iterable[int]) -> dict[int, Key]:
    """(account, external) of addresses by their ids."""
    rows = await connection.execute(KEYS, {"ids": list(address_ids)})
    return {row.id: (row.account, row.external) for row in rows}


async def _read_sessions(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, Session]:
    if len(keys) == 1:
        ((account, external),) = keys
        rows = await connection.execute(READ_SESSION, {"account": account, "external": external})
    else:
        rows = await connection.execute(READ_SESSIONS, _both(keys))
    wanted = set(keys)
    return {key: _session(row) for row in rows if (key := (row.account, row.external)) in wanted}


# Two lists and not one of pairs, for which SQLite would read every address there is. They may find too many.
AMONG = and_(
    address.c.account.in_(bindparam("accounts", expanding=True)),
    address.c.external.in_(bindparam("externals", expanding=True)),
)


def _both(keys: Iterable[Key]) -> dict[str, list[str]]:
    accounts, externals = zip(*keys, strict=True)
    return {"accounts": list(set(accounts)), "externals": list(externals)}


def is_private(external: ColumnElement[str]) -> ColumnElement[bool]:
    """True of an address that is nobody's part in a group."""
    return ~external.contains("/")


def _who() -> Select[Any]:
    """Addresses with what is known of their persons: the columns of a `Person`, and whether the door is shut."""
    a, other = address.c, address.alias("other").c
    # Found by the person, because that is what the table is indexed by.
    is_official = exists().where(official.c.person_id == a.person_id, official.c.address_id == a.id)
    elsewhere = exists().where(other.person_id == a.person_id, other.id != a.id, is_private(other.external))
    return (
        select(a.person_id, a.id, a.account, a.external, a.language, is_official.label("is_official"))
        .add_columns(person.c.low_data, elsewhere.label("elsewhere"), blocks.until_of(a.id).label("shut_until"))
        .add_columns(a.opted_out_at, a.opted_out_by, a.blocked_at)
        .join(person, person.c.id == a.person_id)
    )


def _sessions(*where: ColumnElement[bool], lock: bool = True) -> Select[Any]:
    talks = _who().add_columns(*(conversation.c[name] for name in SAVED))
    found = talks.join(conversation, conversation.c.address_id == address.c.id).where(*where).order_by(address.c.id)
    # The address too: who waited here for another process reads what that one has just written.
    return found.with_for_update(of=[conversation, address], key_share=True) if lock else found


def _person(row: Any) -> Person:
    return Person(*(*row[:5], bool(row[5]), bool(row[6]), bool(row[7]), row[8] or 0.0))


def _session(row: Any) -> Session:
    return Session(*(_person(row), *row[12:18], row[9], row[10], row[11] is not None))


async def _create(connection: AsyncConnection, languages: dict[Key, str], now: float) -> dict[Key, Session]:
    owners = await _owners_of_members(connection, list(languages))
    known, strangers = list(owners), [key for key in languages if key not in owners]
    if strangers:
        made = await connection.execute(NEW_PERSON, [{"created_at": now}] * len(strangers))
        owners |= dict(zip(strangers, (row.id for row in made), strict=True))
    addresses = [
        {"account": k[0], "external": k[1], "person_id": owners[k], "language": lang, "created_at": now}
        | {"phone": _number(*k)}
        for k, lang in languages.items()
    ]
    rows = (await connection.execute(NEW_ADDRESS, addresses)).all()
    await connection.execute(NEW_CONVERSATION, [{"address_id": row.id} for row in rows])
    ids = {(row.account, row.external): row.id for row in rows}
    found = await _read_sessions(connection, known) if known else {}
    return found | {key: _new_session(key, owners[key], ids[key], languages[key]) for key in strangers}


def _new_session(key: Key, person_id: int, address_id: int, language: str) -> Session:
    """The session of somebody of whom nothing is known but this, as it has just been written down."""
    stranger = Person(person_id, address_id, *key, language, official=False)
    return Session(stranger, "[]", "[]", 0, 0, 0.0, None, None, "", blocked=False)


def _number(account: str, external: str) -> str:
    """The telephone number that an address is by its nature, in E.164; that alone proves and joins nothing."""
    return external if account.startswith(PHONE_CHANNELS) and _E164.fullmatch(external) else ""


# Built once: to build one of these costs more than to run it.
SAVED = ("talks", "gathering", "version", "out_seq", "last_in_at", "timer_at")
READ_SESSIONS = _sessions(AMONG)
# Of one alone, which is what comes most: a list of parameters costs as much as all the rest.
READ_SESSION = _sessions(address.c.account == bindparam("account"), address.c.external == bindparam("external"))
LOOK_AT_SESSION = _sessions(address.c.id == bindparam("id"), lock=False)
WHO_OF = _who().where(address.c.id.in_(bindparam("ids", expanding=True)))
KEYS = select(address.c.id, address.c.account, address.c.external).where(
    address.c.id.in_(bindparam("ids", expanding=True))
)
OWNERS = select(address.c.account, address.c.external, address.c.person_id).where(AMONG)
CHAT = select(address.c.id).where(address.c.account == bindparam("account"), address.c.external == bindparam("chat"))
SAVE_SESSION = (
    update(conversation)
    .where(conversation.c.address_id == bindparam("of"))
    .values({name: bindparam(name) for name in SAVED})
)
NEW_CONVERSATION = insert(conversation)
# In no order, or SQLite would insert them one by one: new persons are all alike, and so are new conversations.
NEW_PERSON = insert(person).returning(person.c.id)
NEW_ADDRESS = insert(address).returning(address.c.id, address.c.account, address.c.external)


async def _owners_of_members(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, int]:
    """Somebody new in a group may be known from a private chat: the user id is the same."""
    private = {
        (account, external.partition("/")[2]): (account, external) for account, external in keys if "/" in external
    }
    if not private:
        return {}
    rows = await connection.execute(OWNERS, _both(private))
    return {private[key]: row.person_id for row in rows if (key := (row.account, row.external)) in private}


async def save_sessions(connection: AsyncConnection, sessions: Collection[Session]) -> None:
    """Write the conversations that changed, in one statement."""
    rows = [
        {
            "of": s.person.address_id,
            "talks": s.talks,
            "gathering": s.gathering,
            "version": s.version + 1,
            "out_seq": s.out_seq,
            "last_in_at": s.last_in_at,
            "timer_at": s.timer_at,
        }
        for s in sessions
        if s.changed
    ]
    if rows:
        await connection.execute(SAVE_SESSION, rows)


async def take_timers_back(connection: AsyncConnection, sessions: Collection[Session]) -> None:
    """Take back the timers of talks that are over, once all that was posted is written."""
    if over := [s for s in sessions if s.disarmed]:
        kept = [key for s in over for key in s.armed]
        await timers.take_back(connection, [s.person.address_id for s in over], kept)


async def set_flags(work: Work, address_id: int, **values: Any) -> None:
    """Change an address: language, opted_out_at, opted_out_by, blocked_at, verified_at."""
    work.people_changed = True
    await work.execute(update(address).where(address.c.id == address_id).values(**values))


async def set_language(work: Work, address_id: int, language: str) -> None:
    """The language this address is spoken to in."""
    await set_flags(work, address_id, language=language)


async def opt_out(work: Work, address_id: int, by: str) -> None:
    """Nothing goes to an address any more. What she told the provider stands, whatever she tells us after it."""
    work.people_changed = True
    a = address.c
    closing = update(address).where(a.id == address_id)
    if by == "provider":
        # The first word of hers counts: what she has missed is counted from it.
        closing = closing.values(opted_out_at=func.coalesce(a.opted_out_at, work.now), opted_out_by=by)
    else:
        closing = closing.where(a.opted_out_by != "provider").values(opted_out_at=work.now, opted_out_by=by)
    await work.execute(closing)


async def opt_in(work: Work, address_id: int) -> None:
    """She wants messages again."""
    await set_flags(work, address_id, opted_out_at=None, opted_out_by="")


async def set_low_data(work: Work, person_id: int, *, low_data: bool) -> None:
    """Whether a person wants no pictures, short texts and few messages."""
    work.people_changed = True
    await work.execute(update(person).where(person.c.id == person_id).values(low_data=low_data))


async def chat_address(work: Work, account: str, chat: str) -> int | None:
    """The id of the address that is this whole chat."""
    row = await work.first(CHAT, {"account": account, "chat": chat})
    return None if row is None else int(row.id)


async def make_chat_address(work: Work, account: str, chat: str, language: str) -> tuple[int, int]:
    """(address id, person id) of a whole group chat, written down when it is new."""
    sessions = await load_sessions(work.connection, {(account, chat): language}, work.now, language)
    found = sessions[account, chat].person
    return found.address_id, found.id


async def count_people(connection: AsyncConnection) -> int:
    """How many persons have written, for the metrics."""
    return int((await connection.execute(select(func.count()).select_from(person))).scalar_one())
