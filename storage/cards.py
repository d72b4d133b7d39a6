"""The messages that show tickets to officials: each is changed in place when anything happens to its ticket.

A card is known by the effect key of the outbox row that first said it; what changes it says so in `Outbound.card`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import address, card, official, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

# Where a message can be changed after it was sent.
EDITING = ("telegram", "browser")
# Of one ticket, the newest: older ones are far up in their chats.
MOST = 20
# Seconds: steps that follow each other so fast are one change, and what is said of them comes first.
DELAY = 1.0
# In place of a step's number: whatever the last one is.
AS_IT_IS = 2**31 - 1


def remember(work: Work, address_id: int, code: str, effect_key: str) -> None:
    """The row with this effect key shows the ticket at an address from now on."""
    work.add(card, address_id=address_id, ticket=code, effect_key=effect_key, at=work.now)


def _upsert(make: Any) -> Any:
    insertion = make(card)
    newer = {"effect_key": insertion.excluded.effect_key, "at": insertion.excluded.at}
    return insertion.on_conflict_do_update(index_elements=["address_id", "ticket"], set_=newer)


# A newer card takes the place of the one before.
INSERT = {"sqlite": _upsert(sqlite.insert), "postgresql": _upsert(postgresql.insert)}


# Built once: to build one of these costs as much as to run it.
SHOWN = select(card.c.address_id, card.c.effect_key).where(card.c.ticket == bindparam("ticket"))
_CHANGING = (
    select(card.c.address_id, card.c.ticket)
    .join(address, address.c.id == card.c.address_id)
    .where(or_(*(address.c.account.startswith(f"{channel}:") for channel in EDITING)))
    .order_by(card.c.at.desc(), card.c.address_id)
)
CHANGING = _CHANGING.where(card.c.ticket.in_(bindparam("tickets", expanding=True)))
# Of one alone, which is what comes most: a list of parameters costs as much as all the rest.
CHANGING_ONE = _CHANGING.where(card.c.ticket == bindparam("ticket"))
NAME = (
    select(official.c.name)
    .where(official.c.person_id == bindparam("person"), official.c.body == bindparam("body"))
    .order_by(official.c.name.desc())
    .limit(1)
)
FOLLOW = update(card).where(card.c.effect_key == bindparam("before")).values(effect_key=bindparam("after"))
HERE: BindParameter[int] = bindparam("addresses", expanding=True)
SHOWN_BY = (
    select(card.c.address_id, card.c.ticket)
    .join(outbox, outbox.c.effect_key == card.c.effect_key)
    .where(outbox.c.address_id.in_(HERE), outbox.c.provider_id == bindparam("said"), card.c.address_id.in_(HERE))
)
SHOWN_AT = (
    select(card.c.effect_key)
    .join(outbox, outbox.c.effect_key == card.c.effect_key)
    .where(card.c.address_id == bindparam("address"), card.c.ticket == bindparam("ticket"), outbox.c.provider_id != "")
)
SENT_AS = select(outbox.c.provider_id).where(outbox.c.effect_key == bindparam("key"))


async def key_of(work: Work, address_id: int, code: str) -> str:
    """The effect key of a ticket's card at an address, "" for none."""
    # All who have one are told of its change together.
    rows = await work.kept_rows(card, code, lambda: SHOWN, {"ticket": code})
    return next((str(row.effect_key) for row in rows if row.address_id == address_id), "")


async def shown_by(work: Work, address_ids: Sequence[int], provider_id: str) -> tuple[int, str] | None:
    """(address, ticket) of the card that a message at one of these addresses is; None where it is none."""
    row = await work.first(SHOWN_BY, {"addresses": list(address_ids), "said": provider_id})
    return None if row is None else (int(row.address_id), str(row.ticket))


async def refresh(work: Work, moved: Mapping[str, int], renewed: Mapping[str, str]) -> None:
    """Have the cards of tickets that something happened to changed.

    `moved` are those with a new step in their history, each with its number; `renewed` those that look otherwise
    without one (somebody joined), each with a mark that tells this time from others. Silently, whatever the hour. One
    notice a step and card, whoever did it; it tells of how the ticket is by then.
    """
    told: dict[str, int] = {}
    # Not through the work itself, which is just being written down.
    for row in await _changing(work.connection, sorted({*moved, *renewed})):
        told[row.ticket] = told.get(row.ticket, 0) + 1
        if told[row.ticket] > MOST:
            continue
        if row.ticket in moved:
            _tell(work, row.address_id, row.ticket, str(moved[row.ticket]), moved[row.ticket])
        else:
            _tell(work, row.address_id, row.ticket, renewed[row.ticket], AS_IT_IS)


async def _changing(connection: AsyncConnection, codes: Sequence[str]) -> Sequence[Any]:
    if len(codes) == 1:
        return (await connection.execute(CHANGING_ONE, {"ticket": codes[0]})).all()
    return (await connection.execute(CHANGING, {"tickets": codes})).all()


async def renew(work: Work, address_id: int, code: str) -> None:
    """Have one card show how its ticket is now, unless that is under way."""
    await work.flush()
    if not any(told[:2] == (address_id, code) for told in work.told_cards):
        _tell(work, address_id, code, work.cause, AS_IT_IS)


def _tell(work: Work, address_id: int, code: str, mark: str, seq: int) -> None:
    if (address_id, code, mark) in work.told_cards:
        return
    work.told_cards.add((address_id, code, mark))
    work.post(
        account="local",
        lane=f"card:{address_id}:{code}",
        kind="notice",
        payload={"name": "told-card", "data": {"code": code, "seq": seq}},
        effect_key=f"notice:told-card:{code}:{mark}:{address_id}",
        address_id=address_id,
        # Nobody goes on at once to what the clock or another system did.
        due_at=work.now if (address_id, code) in work.tapped or not work.cause else work.now + DELAY,
    )


async def name_of(work: Work, person_id: int, body: str) -> str:
    """What an official of a body is called; "" for one without a name, or who acts in a team's group only."""
    who = {"person": person_id, "body": body}
    rows = await work.kept_rows(official, f"name of {person_id} for {body}", lambda: NAME, who)
    return str(rows[0].name) if rows else ""


async def follow(connection: AsyncConnection, effect_key: str, new: str) -> None:
    """What was shown by the message of one effect key, which can be changed no more, is shown by another's."""
    await connection.execute(FOLLOW, {"before": effect_key, "after": new})


async def shown_at(connection: AsyncConnection, address_id: int | None, code: str) -> str:
    """The effect key of the message that shows a ticket at an address and was sent; "" for none."""
    found = await connection.execute(SHOWN_AT, {"address": address_id, "ticket": code})
    return str(found.scalar_one_or_none() or "")


async def sent_as(connection: AsyncConnection, effect_key: str) -> str:
    """The provider's id of the message with this effect key; "" where it never arrived or is long forgotten."""
    return str((await connection.execute(SENT_AS, {"key": effect_key})).scalar_one_or_none() or "")
