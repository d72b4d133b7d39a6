"""What waits for a body's officials: the most pressing first, with filters, and found by words.

Each question is one statement, and reads no more than it shows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import cos, radians
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from sqlalchemy import Integer, and_, case, cast, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from storage import statuses, tickets
from storage.grid import METRES_PER_DEGREE, cells_around
from storage.schema import supporter, ticket

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from storage.tickets import Ticket
    from storage.work import Work

Kind = Literal["all", "mine", "new", "overdue", "near", "category", "area", "held"]
# How far "near me" reaches, in metres.
NEAR_M = 1000.0
# A button has no room for a longer id; no two begin alike for so long.
MOST_ID = 40
MOST_GROUPS = 100
# A search looks at the newest of them: what is older is asked for by its code.
MOST_SEARCHED = 5000
MOST_WORDS = 6


class Filter(Struct, frozen=True):
    """Which tickets are shown: `value` is the category or area, `lat` and `lon` (WGS84) what they are to be near.

    Of what they are to be near, `value` is the name, "" where nobody named it.
    """

    kind: Kind = "all"
    value: str = ""
    lat: float = 0.0
    lon: float = 0.0


class Waiting(Struct, frozen=True):
    """A page of what waits: how many tickets there are in all, how many of them are new and overdue.

    `joined` tells how many persons joined each of those that are shown.
    """

    tickets: list[Ticket]
    joined: dict[str, int]
    total: int = 0
    new: int = 0
    overdue: int = 0


class Counts(Struct, frozen=True):
    """How many tickets each filter shows."""

    all: int
    mine: int
    new: int
    overdue: int


# In these it waits for a first word of the body that has it now, whoever answered before it came there.
UNANSWERED = ("received", "reopened")
# When it is to be answered; once it was, when it is to be closed, not before the day that was promised: the same as
# the clock's (`routing.silence`). Who waits for a citizen is not late.
DUE = case(
    (ticket.c.status == "waiting_citizen", None),
    (or_(ticket.c.answered_at.is_(None), ticket.c.status.in_(UNANSWERED)), ticket.c.answer_by),
    (and_(ticket.c.status == "planned", ticket.c.planned_for > ticket.c.close_by), ticket.c.planned_for),
    else_=ticket.c.close_by,
)
JOINED = select(func.count()).where(supporter.c.ticket == ticket.c.code).correlate(ticket).scalar_subquery()
NEW = ticket.c.status == "received"
# How a place is stored: see `bot.messages.Place`.
WORDS_BEGIN, WORDS_END = '"words":"', '","source":"'
# In two halves, because SQLite reads no deeper a nest of calls; it knows the capitals of ASCII alone.
LETTERS = (
    {"a": "áàâãäÁÀÂÃÄ", "e": "éèêëÉÈÊË"},
    {"i": "íìïÍÌÏ", "o": "óòôõöÓÒÔÕÖ", "u": "úùüÚÙÜ", "n": "ñÑ", "c": "çÇ"},
)


class Position(FunctionElement[int]):
    """Where a text stands in another one, counted from 1; each database has its own name for it."""

    type = Integer()
    inherit_cache = True


@compiles(Position)
def _strpos(element: Position, compiler: Any, **how: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **how)})"


@compiles(Position, "sqlite")
def _instr(element: Position, compiler: Any, **how: Any) -> str:
    return f"instr({compiler.process(element.clauses, **how)})"


def due_of(found: Ticket) -> float | None:
    """When a ticket is to be answered or, once it was, to be closed (Unix seconds); None where nothing is due."""
    if not found.open or found.status == "waiting_citizen":
        return None
    if waits_for_answer(found):
        return found.answer_by
    promised = found.planned_for if found.status == "planned" else None
    return found.close_by if found.close_by is None else max(found.close_by, promised or 0.0)


def waits_for_answer(found: Ticket) -> bool:
    """True while a first word is due, and not yet the end."""
    return found.answered_at is None or found.status in UNANSWERED


async def waiting(
    work: Work, bodies: Sequence[str], person_id: int, chosen: Filter, most: int, offset: int = 0
) -> Waiting:
    """A page of the open tickets of these bodies: urgent, overdue, reopened, then by when they are due.

    Among those that are due at the same time the one that more have joined comes first, then the oldest.
    """
    late = work.now > DUE
    statement = (
        select(ticket, JOINED.label("joined"))
        .add_columns(func.count().over().label("total"), _sum(NEW).over().label("new"))
        .add_columns(_sum(late).over().label("overdue"))
        .where(*tickets.open_of(bodies, held=chosen.kind == "held"), *_chosen(work, chosen, person_id))
        .order_by(ticket.c.priority != "urgent", case((late, 0), else_=1), ticket.c.status != "reopened")
        .order_by(case((DUE.is_(None), 1), else_=0), DUE, JOINED.desc(), ticket.c.created_at, ticket.c.code)
        .limit(most)
        .offset(offset)
    )
    rows = await work.rows(statement)
    found = [tickets.read_row(row) for row in rows]
    joined = {row.code: int(row.joined) for row in rows}
    numbers = [(int(row.total), int(row.new), int(row.overdue)) for row in rows[:1]]
    return Waiting(found, joined, *(numbers[0] if numbers else ()))


async def count(work: Work, bodies: Sequence[str], person_id: int) -> Counts:
    """How many open tickets of these bodies each filter shows."""
    mine = ticket.c.taken_by == person_id
    statement = select(func.count(), _sum(mine), _sum(NEW), _sum(work.now > DUE)).where(*tickets.open_of(bodies))
    row = await work.first(statement)
    return Counts(*(int(each or 0) for each in row)) if row else Counts(0, 0, 0, 0)


async def count_held(work: Work, bodies: Sequence[str]) -> int:
    """How many tickets of these bodies wait for somebody to look whether they are meant."""
    row = await work.first(select(func.count()).where(*tickets.open_of(bodies, held=True)))
    return int(row[0]) if row else 0


async def groups(work: Work, bodies: Sequence[str], kind: Literal["category", "area"]) -> list[tuple[str, int]]:
    """The categories or areas of the open tickets of these bodies, (id, how many), the most first."""
    column = ticket.c.category if kind == "category" else ticket.c.area
    number = func.count()
    statement = (
        select(column.label("id"), number.label("number"))
        .where(*tickets.open_of(bodies), column != "")
        .group_by(column)
        .order_by(number.desc(), column)
        .limit(MOST_GROUPS)
    )
    return [(str(row.id), int(row.number)) for row in await work.rows(statement)]


async def search(
    work: Work, bodies: Sequence[str], words: Sequence[tuple[str, Collection[str]]], most: int, offset: int = 0
) -> tuple[list[Ticket], int]:
    """(tickets of these bodies in which every word stands, open ones first and the newest, and how many there are).

    Each word is folded and comes with the categories that it names too. It is looked for in the code, the place's words
    and the report's, whatever their accents.
    """
    newest = (
        select(ticket)
        .where(tickets.had_by(bodies), ticket.c.held_at.is_(None))
        .order_by(ticket.c.created_at.desc(), ticket.c.code)
        .limit(MOST_SEARCHED)
        .subquery()
    )
    text = newest.c.words + " " + _place_words(newest.c.place) + " " + newest.c.code
    found = select(newest, _folded(func.lower(text), LETTERS[0]).label("text")).subquery()
    whole = _folded(found.c.text, LETTERS[1])
    holds = [
        or_(whole.contains(word, autoescape=True), found.c.category.in_(named)) for word, named in words[:MOST_WORDS]
    ]
    statement = (
        select(found, func.count().over().label("total"))
        .where(*holds)
        .order_by(case((found.c.status.in_(statuses.OPEN), 0), else_=1), found.c.created_at.desc(), found.c.code)
        .limit(most)
        .offset(offset)
    )
    rows = await work.rows(statement)
    return [tickets.read_row(row) for row in rows], int(rows[0].total) if rows else 0


def _chosen(work: Work, chosen: Filter, person_id: int) -> list[ColumnElement[bool]]:
    match chosen.kind:
        case "mine":
            return [ticket.c.taken_by == person_id]
        case "new":
            return [NEW]
        case "overdue":
            return [work.now > DUE]
        case "near":
            return _near(chosen.lat, chosen.lon)
        case "category":
            return [_is(ticket.c.category, chosen.value)]
        case "area":
            return [_is(ticket.c.area, chosen.value)]
    return []


def _is(column: Any, value: str) -> ColumnElement[bool]:
    return column.startswith(value, autoescape=True) if len(value) >= MOST_ID else column == value  # type: ignore[no-any-return]


def _near(lat: float, lon: float) -> list[ColumnElement[bool]]:
    """Within a walk: on a plane, which a kilometre of the earth is."""
    north = (ticket.c.lat - lat) * METRES_PER_DEGREE
    east = (ticket.c.lon - lon) * (METRES_PER_DEGREE * cos(radians(lat)))
    return [and_(ticket.c.cell.in_(cells_around(lat, lon, NEAR_M)), north * north + east * east <= NEAR_M**2)]


def _sum(condition: ColumnElement[bool]) -> Any:
    return func.sum(cast(case((condition, 1), else_=0), Integer))


def _place_words(place: Any) -> ColumnElement[str]:
    """The words of a place as it is stored: what stands between their name and its source."""
    begins, ends = Position(place, WORDS_BEGIN), Position(place + WORDS_END, WORDS_END)
    words = func.substr(place, begins + len(WORDS_BEGIN), ends - begins - len(WORDS_BEGIN))
    return case((place.contains(WORDS_BEGIN, autoescape=True), words), else_="")


def _folded(text: Any, letters: dict[str, str]) -> Any:
    """The text with plain letters in place of accented ones."""
    for plain, accented in letters.items():
        for each in accented:
            text = func.replace(text, each, plain)
    return text
