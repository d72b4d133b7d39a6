"""The request for information with her case in it, as a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.views import seen_place, shorten
from locales import catalog, fold
from storage.codes import show_code
from storage.wording import read_words

if TYPE_CHECKING:
    from bot.messages import Place
    from routing.pack import Pack
    from routing.terms import Law
    from storage.tickets import Ticket

# Of her words, in the letter.
MOST_SAID = 300


def write_letter(
    pack: Pack, found: Ticket, law: Law, now: float, *, hers: bool, variant: str = "", most: int = MOST_SAID
) -> str:
    """The request itself, in the municipality's own language, because its offices read it.

    What is personal in it reads only who reported it (`hers`): anybody may follow a ticket, or open its page.
    """
    first = pack.info.language
    words, body, category = catalog(first), pack.body(found.body), pack.category(found.category)
    return words.text(
        "request-letter",
        variant,
        body=body.name(first) if body else found.body,
        law=law.names.get(first) or next(iter(law.names.values())),
        code=show_code(found.code),
        since=_date(pack, found.created_at),
        category=category.name(first) if category else found.category,
        place=_where(pack, found, found.place if hers else seen_place(found.place, first)),
        said=(shorten(read_words(found, "inside" if hers else "public"), most) if most else "") or "…",
        status=words.text(f"status-{found.status}"),
        today=_date(pack, now),
    )


def write_subject(pack: Pack, found: Ticket) -> str:
    """What the letter is about, in a line."""
    return catalog(pack.info.language).text("request-subject", code=show_code(found.code))


def _where(pack: Pack, found: Ticket, place: Place) -> str:
    """Where it is, in no particular language: its words or its position, and its area."""
    area = pack.area(found.area) if found.area else None
    position = f"{place.lat:.5f}, {place.lon:.5f}" if place.lat is not None and place.lon is not None else ""
    name = area.name(pack.info.language) if area else ""
    named = fold(name) in fold(place.words)
    return ", ".join(part for part in (place.words or position, "" if named else name) if part)


def _date(pack: Pack, at: float) -> str:
    """A date with its year, as a letter has it."""
    return f"{pack.timetable.calendar.day(at):%d/%m/%Y}"
