"""What those who follow a ticket say when they are asked whether it was fixed, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy import update as change

from storage.schema import supporter, ticket, verdict
from storage.schema import update as ticket_update

if TYPE_CHECKING:
    from storage.tickets import Ticket
    from storage.work import Work

Answer = Literal["yes", "no", "unsure"]
Step = Literal["confirmed", "reopened", "doubted", ""]

# So many persons who say that it is not fixed are believed before an official, and before who reported it.
ENOUGH = 2


async def resolution(work: Work, code: str) -> int:
    """The entry of its history that resolved a ticket last; 0 when none did."""
    u = ticket_update.c
    row = await work.first(select(func.max(u.seq).label("seq")).where(u.ticket == code, u.status == "resolved"))
    return 0 if row is None or row.seq is None else int(row.seq)


async def give(work: Work, code: str, seq: int, person_id: int, answer: Answer) -> str:
    """Note what somebody says of a resolution, instead of what she said of it before; that, "" when it was nothing.

    The ticket is locked by who calls this, so that two answers of one person do not meet.
    """
    v = verdict.c
    hers = (v.ticket == code, v.person_id == person_id, v.seq == seq)
    row = await work.first(select(v.answer).where(*hers))
    if row is None:
        work.add(verdict, ticket=code, person_id=person_id, seq=seq, answer=answer, at=work.now)
    elif row.answer != answer:
        await work.execute(update(verdict).where(*hers).values(answer=answer, at=work.now))
    return "" if row is None else str(row.answer)


async def said(work: Work, found: Ticket, seq: int) -> dict[int, Answer]:
    """What each person said of a resolution, by her id; who left the ticket since then has no voice in it any more."""
    v = verdict.c
    following = v.person_id.in_(select(supporter.c.person_id).where(supporter.c.ticket == found.code))
    mine = following if found.person_id is None else or_(following, v.person_id == found.person_id)
    rows = await work.rows(select(v.person_id, v.answer).where(v.ticket == found.code, v.seq == seq, mine))
    return {int(row.person_id): row.answer for row in rows}


async def undecided(work: Work, found: Ticket, seq: int) -> list[int]:
    """Where to ask once more: who reported it and has not said yes or no, and who joined and could not tell."""
    v, s = verdict.c, supporter.c
    here = (v.ticket == found.code, v.seq == seq)
    unsure = select(v.person_id).where(*here, v.answer == "unsure")
    joined = select(s.address_id).where(s.ticket == found.code, s.person_id.in_(unsure)).order_by(s.person_id)
    asked = [int(row.address_id) for row in await work.rows(joined) if row.address_id is not None]
    sure = select(v.answer).where(*here, v.person_id == found.person_id, v.answer != "unsure")
    if found.address_id is not None and await work.first(sure) is None:
        asked.insert(0, found.address_id)
    return list(dict.fromkeys(asked))


async def unsure_since(work: Work, code: str, seq: int) -> float | None:
    """When somebody last said of a resolution that she could not tell; None when nobody did."""
    v = verdict.c
    last = select(func.max(v.at).label("at")).where(v.ticket == code, v.seq == seq, v.answer == "unsure")
    row = await work.first(last)
    return None if row is None or row.at is None else float(row.at)


async def rate(work: Work, code: str, stars: int, *, over: bool) -> None:
    """Keep how well a ticket was dealt with, one to five; `over` what was said before, else only the first."""
    t = ticket.c
    free = [] if over else [t.rating.is_(None)]
    await work.execute(change(ticket).where(t.code == code, *free).values(rating=stars))


async def move(work: Work, old: int, new: int) -> None:
    """Let what one person said be another's; of two who were one all the time the second's words count."""
    v, twin = verdict.c, verdict.alias()
    both = exists().where(twin.c.ticket == v.ticket, twin.c.seq == v.seq, twin.c.person_id == new)
    await work.execute(delete(verdict).where(v.person_id == old, both))
    await work.execute(update(verdict).where(v.person_id == old).values(person_id=new))


async def ask_later(work: Work, code: str, at: float) -> None:
    """Have the clock look at a ticket by then, unless it does so earlier."""
    t = ticket.c
    later = or_(t.watch_at.is_(None), t.watch_at > at)
    await work.execute(change(ticket).where(t.code == code, later).values(watch_at=at))


def outcome(status: str, answers: Mapping[int, Answer], who: int, *, reporter: int | None, reachable: bool) -> Step:
    """What follows from the answer of `who`, which is among the `answers`. Pure.

    Who reported it decides, and where she cannot be asked (`reachable`), who joined; but enough who say No are believed
    in any case, after a confirmation too. One No alone of somebody who joined makes nothing but a doubt.
    """
    noes = sum(answer == "no" for answer in answers.values())
    if status not in ("resolved", "confirmed") or answers[who] == "unsure":
        return ""
    if answers[who] == "yes":
        decides = who == reporter or (not reachable and not noes)
        return "confirmed" if status == "resolved" and decides else ""
    standing = status == "confirmed" and "yes" in answers.values()
    alone = not reachable and not standing
    return "reopened" if noes >= ENOUGH or who == reporter or alone else "doubted"
