"""What those who follow a ticket say when they are asked whether it was fixed, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import Boolean, bindparam, delete, exists, or_, select, update
from sqlalchemy import update as change

from storage import updates
from storage.schema import supporter, ticket, verdict

if TYPE_CHECKING:
    from storage.deadlines import Entry
    from storage.tickets import Ticket
    from storage.work import Work

Answer = Literal["yes", "no", "unsure"]
Step = Literal["confirmed", "reopened", "doubted", ""]

# So many persons who say that it is not fixed are believed before an official, and before who reported it.
ENOUGH = 2


class Voice(NamedTuple):
    """What somebody said of the resolution `seq`, and when; it `counts` until she leaves the ticket."""

    seq: int
    person_id: int
    answer: Answer
    at: float
    counts: bool


# Built once: to build one of these costs as much as to run it.
_JOINED = exists().where(supporter.c.ticket == verdict.c.ticket, supporter.c.person_id == verdict.c.person_id)
VOICES = select(*verdict.c, _JOINED.label("joined")).where(verdict.c.ticket.in_(bindparam("codes", expanding=True)))
JOINED_AT = (
    select(supporter.c.address_id)
    .where(supporter.c.ticket == bindparam("code"))
    .where(supporter.c.person_id.in_(bindparam("persons", expanding=True)))
    .order_by(supporter.c.person_id)
)
CHANGE = (
    update(verdict)
    .where(verdict.c.ticket == bindparam("b_code"), verdict.c.seq == bindparam("b_seq"))
    .where(verdict.c.person_id == bindparam("b_person"))
    .values(answer=bindparam("b_answer"), at=bindparam("b_at"))
)
RATE = (
    change(ticket)
    .where(ticket.c.code == bindparam("b_code"), or_(bindparam("b_over", type_=Boolean), ticket.c.rating.is_(None)))
    .values(rating=bindparam("b_stars"))
)
LATER = (
    change(ticket)
    .where(ticket.c.code == bindparam("b_code"))
    .where(or_(ticket.c.watch_at.is_(None), ticket.c.watch_at > bindparam("b_at")))
    .values(watch_at=bindparam("b_at"))
)


async def resolution(work: Work, code: str) -> int:
    """The entry of its history that resolved a ticket last; 0 when none did."""
    return resolved_by(await updates.history(work, code, public_only=False))


def resolved_by(history: Iterable[Entry]) -> int:
    """The same, read off its history."""
    return max((entry.seq for entry in history if entry.status == "resolved"), default=0)


async def voices(work: Work, tickets: Sequence[Ticket]) -> dict[str, list[Voice]]:
    """What each person said of the resolutions of these tickets."""
    found: dict[str, list[Voice]] = {each.code: [] for each in tickets}
    reporters = {each.code: each.person_id for each in tickets}
    for row in await work.rows(VOICES, {"codes": list(found)}) if found else ():
        counts = bool(row.joined) or row.person_id == reporters[row.ticket]
        found[row.ticket].append(Voice(row.seq, row.person_id, row.answer, row.at, counts))
    return found


async def give(work: Work, found: Ticket, seq: int, person_id: int, answer: Answer) -> tuple[str, dict[int, Answer]]:
    """Note what a follower says of a resolution, instead of what she said of it before.

    Returns that, "" when it was nothing, and what all who follow the ticket say now. The ticket is locked by who calls
    this, so that two answers of one person do not meet.
    """
    heard = (await voices(work, [found]))[found.code]
    before = next((each.answer for each in heard if (each.seq, each.person_id) == (seq, person_id)), "")
    if not before:
        work.add(verdict, ticket=found.code, person_id=person_id, seq=seq, answer=answer, at=work.now)
    elif before != answer:
        values = {"b_code": found.code, "b_seq": seq, "b_person": person_id, "b_answer": answer, "b_at": work.now}
        await work.execute(CHANGE, values)
    return before, counted(heard, seq) | {person_id: answer}


async def said(work: Work, found: Ticket, seq: int) -> dict[int, Answer]:
    """What each person said of a resolution, by her id; who left the ticket since then has no voice in it any more."""
    return counted((await voices(work, [found]))[found.code], seq)


def counted(heard: Iterable[Voice], seq: int) -> dict[int, Answer]:
    """The same, of voices that were read."""
    return {each.person_id: each.answer for each in heard if each.seq == seq and each.counts}


def unsure_since(heard: Iterable[Voice], seq: int) -> float | None:
    """When somebody last said of a resolution that she could not tell; None when nobody did."""
    return max((each.at for each in heard if each.seq == seq and each.answer == "unsure"), default=None)


async def undecided(work: Work, found: Ticket, heard: Sequence[Voice], seq: int) -> list[int]:
    """Where to ask once more: who reported it and has not said yes or no, and who joined and could not tell."""
    unsure = [each.person_id for each in heard if each.seq == seq and each.answer == "unsure"]
    sure = {each.person_id for each in heard if each.seq == seq and each.answer != "unsure"}
    joined = await work.rows(JOINED_AT, {"code": found.code, "persons": unsure}) if unsure else ()
    asked = [int(row.address_id) for row in joined if row.address_id is not None]
    if found.address_id is not None and found.person_id not in sure:
        asked.insert(0, found.address_id)
    return list(dict.fromkeys(asked))


async def rate(work: Work, code: str, stars: int, *, over: bool) -> None:
    """Keep how well a ticket was dealt with, one to five; `over` what was said before, else only the first."""
    await work.execute(RATE, {"b_code": code, "b_over": over, "b_stars": stars})


async def move(work: Work, old: int, new: int) -> None:
    """Let what one person said be another's; of two who were one all the time the second's words count."""
    v, twin = verdict.c, verdict.alias()
    both = exists().where(twin.c.ticket == v.ticket, twin.c.seq == v.seq, twin.c.person_id == new)
    await work.execute(delete(verdict).where(v.person_id == old, both))
    await work.execute(update(verdict).where(v.person_id == old).values(person_id=new))


async def ask_later(work: Work, code: str, at: float) -> None:
    """Have the clock look at a ticket by then, unless it does so earlier."""
    await work.execute(LATER, {"b_code": code, "b_at": at})


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
