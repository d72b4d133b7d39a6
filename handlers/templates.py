"""What a pack has ready to be said: offered to officials as buttons, read by the citizen in her own language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from bot.answers import Said, Took, Unclear
from bot.questions import Item, Words
from handlers.views import body_name, said_to, seen_place
from routing.dates import show_day
from routing.records import text_in
from storage.codes import show_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from locales import Catalog
    from routing.records import Response
    from storage.tickets import Ticket
    from storage.updates import Update

MOST_OFFERED = 4
# What an answer to a ticket may be beside a question and any other answer, by where the ticket stands.
ANSWERED_WITH = dict.fromkeys(("received", "acknowledged", "reopened"), "acknowledged") | {"planned": "planned"}


class Answer(NamedTuple):
    """One that is ready: what its button carries, what it says, what goes out."""

    value: str
    label: str
    text: str


class Ready(Words):
    """Words of one's own, or one of those that are ready."""

    def __init__(self, text: str, ready: tuple[Answer, ...], **values: Any) -> None:
        super().__init__(text, **values)
        self.ready = {each.value: each for each in ready}

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return tuple(Item(each.value, each.label) for each in self.ready.values())

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        number = said.text.strip()
        typed = number.isdecimal() and len(number) < 3 and 1 <= int(number) <= len(shown)
        chosen = shown[int(number) - 1] if typed else said.tapped
        if chosen in self.ready:
            return Took(self.ready[chosen].text, frozenset({"text"}))
        return super().read(said, words, shown)


def moments_of(status: str) -> tuple[str, ...]:
    """What may be ready for whoever answers a ticket that stands there."""
    return (*([ANSWERED_WITH[status]] if status in ANSWERED_WITH else []), "waiting_citizen", "answer")


def answers_for(chat: Chat, ticket: Ticket, *moments: str) -> tuple[Answer, ...]:
    """What is ready for a ticket at these moments, as its citizen reads it; that of its body and category first."""
    return tuple(
        Answer(value, text_in(each.label, chat.language), _fill(chat, each, ticket, ticket.language, chat.now))
        for value, each in _fitting(chat, [(ticket.body, ticket.category)], moments)
    )


def answers_for_all(chat: Chat, about: Sequence[Sequence[str]], *moments: str) -> tuple[Answer, ...]:
    """What fits every ticket of these (body, category); `fill_in` makes of its words what goes to each."""
    return tuple(
        Answer(value, text_in(each.label, chat.language), text_in(each.text, chat.language))
        for value, each in _fitting(chat, about, moments)
    )


def fill_in(chat: Chat, words: str, ticket: Ticket) -> str:
    """What goes to a ticket of words for several: what is ready in its citizen's language, one's own as they are."""
    ready = next((each for each in chat.pack.records.responses if text_in(each.text, chat.language) == words), None)
    return _fill(chat, ready, ticket, ticket.language, chat.now) if ready else words


def leave_open(words: str) -> str:
    """The same words for who looks them over: three dots for what each ticket fills in."""
    return re.sub(r"\{\w+\}", "…", words)


def said_in_her_language(chat: Chat, ticket: Ticket, entry: Update) -> str:
    """What this person reads of an entry: what was ready is read in her own language, whoever reported it."""
    said = said_to(chat, ticket, entry)
    if entry.actor != "official" or chat.language == ticket.language or not said:
        return said
    seen = msgspec.structs.replace(ticket, place=seen_place(ticket.place, chat.language))
    for each in chat.pack.records.responses:
        written = _fill(chat, each, ticket, ticket.language, entry.at)
        if said.startswith(written):
            return _fill(chat, each, seen, chat.language, entry.at) + said[len(written) :]
    return said


def _fitting(chat: Chat, about: Sequence[Sequence[str]], moments: Sequence[str]) -> list[tuple[str, Response]]:
    """(what its button carries, it) of those that fit every (body, category), the most special first."""
    bodies = {body for body, _ in about}
    groups = [_ways_to(chat, category) for _, category in about]
    fit = [
        (f"ready{number}", each)
        for number, each in enumerate(chat.pack.records.responses)
        if each.status in moments
        and (not each.body or bodies == {each.body})
        and all(each.category in ways for ways in groups)
    ]

    def special(one: tuple[str, Response]) -> tuple[bool, int, int]:
        each = one[1]
        return each.body == "", min(ways.index(each.category) for ways in groups), moments.index(each.status)

    return sorted(fit, key=special)[:MOST_OFFERED]


def _ways_to(chat: Chat, category: str) -> list[str]:
    """A category, its group, any."""
    found = chat.pack.category(category)
    return [category, *([found.parent] if found and found.parent else []), ""]


def _fill(chat: Chat, response: Response, ticket: Ticket, language: str, at: float) -> str:
    category, area = chat.pack.category(ticket.category), chat.pack.area(ticket.area) if ticket.area else None
    body, today = chat.pack.body(ticket.body), chat.pack.timetable.calendar.day(at)
    place = chat.pack.places.show_place(ticket.place.words, language) if ticket.place.words else ""
    values = {
        "code": show_code(ticket.code),
        "category": category.name(language) if category else ticket.category,
        "place": place or (area.name(language) if area else ""),
        "body": body.name(language) if body else body_name(chat, ticket.body),
        "date": show_day(today, language, today),
    }
    return text_in(response.text, language).format(**values)
