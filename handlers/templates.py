"""What a pack has ready to be said: offered to officials as buttons, read by the citizen in her own language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.answers import Said, Took, Unclear
from bot.questions import Item, Words
from handlers.views import body_name
from routing.dates import show_day
from routing.records import text_in
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from locales import Catalog
    from storage.tickets import Ticket

MOST_OFFERED = 4
# (what its button says, what the citizen reads)
Answer = tuple[str, str]


class Ready(Words):
    """Words of one's own, or one of those that are ready."""

    def __init__(self, text: str, ready: tuple[Answer, ...], **values: Any) -> None:
        super().__init__(text, **values)
        self.ready = {f"ready{n}": answer for n, answer in enumerate(ready)}

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return tuple(Item(value, label) for value, (label, _) in self.ready.items())

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        number = said.text.strip()
        typed = number.isdecimal() and len(number) < 3 and 1 <= int(number) <= len(shown)
        chosen = shown[int(number) - 1] if typed else said.tapped
        if chosen in self.ready:
            return Took(self.ready[chosen][1], frozenset({"text"}))
        return super().read(said, words, shown)


def answers_for(chat: Chat, ticket: Ticket, status: str) -> tuple[Answer, ...]:
    """What is ready for a ticket and a status, that of its own body and category first."""
    found = [
        each
        for each in chat.pack.records.responses
        if each.status == status and each.body in ("", ticket.body) and each.category in ("", ticket.category)
    ]
    found.sort(key=lambda each: (each.body == "", each.category == ""))
    values = _values(chat, ticket)
    return tuple(
        (text_in(each.label, chat.language), text_in(each.text, ticket.language).format(**values))
        for each in found[:MOST_OFFERED]
    )


def _values(chat: Chat, ticket: Ticket) -> dict[str, str]:
    language = ticket.language
    category, area = chat.pack.category(ticket.category), chat.pack.area(ticket.area) if ticket.area else None
    body, today = chat.pack.body(ticket.body), chat.pack.timetable.calendar.day(chat.now)
    place = chat.pack.show_place(ticket.place.words, language) if ticket.place.words else ""
    return {
        "code": show_code(ticket.code),
        "category": category.name(language) if category else ticket.category,
        "place": place or (area.name(language) if area else ""),
        "body": body.name(language) if body else body_name(chat, ticket.body),
        "date": show_day(today, language, today),
    }
