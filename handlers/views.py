"""How tickets are told in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from handlers.priorities import show_priority
from locales import fold
from routing.dates import show_day
from routing.masking import mask
from storage import supporters
from storage.codes import show_code
from storage.taken_back import taken_back
from storage.wording import read_words

if TYPE_CHECKING:
    from bot.conversation import Chat
    from bot.messages import Place
    from routing.masking import Kind
    from routing.records import Area, Body
    from storage.tickets import Ticket
    from storage.updates import Update

MOST_LINE = 60
# Of a place's words, however many somebody sent.
MOST_SEEN = 300
# Why a report was taken back: the entry's action, under its message.
WHY = {"solved": "why-solved", "unneeded": "why-unneeded"}
# What the internal history says of an entry that no status tells.
ACTIONS = {
    "hidden": "action-hidden",
    "corrected": "action-corrected",
    "held": "action-held",
    "freed": "action-freed",
    "blocked": "action-blocked",
    "unblocked": "action-unblocked",
    "rated": "action-rated",
    "doubted": "action-doubted",
    "solved": "action-solved",
    "unneeded": "action-unneeded",
    "assigned": "action-assigned",
    "noted": "action-noted",
    "priority": "action-priority",
    "undone": "action-undone",
}
# A street may be called like a person, and a building like a user.
PLACE_KINDS: tuple[Kind, ...] = ("phone", "email", "document")


def place_line(chat: Chat, place: Place, area: Area | None, pin: str = "the-pin") -> str:
    """A place in one line: its words, its area, or at least that there is a pin (the message key `pin`)."""
    pinned = chat.text(pin) if place.located else ""
    first = chat.pack.places.show_place(place.words, chat.language) if place.words else pinned
    parts = [first] if first else []
    name = area.name(chat.language) if area is not None else ""
    if name and fold(name) not in fold(first):
        parts.append(name)
    return ", ".join(parts)


def ticket_place(chat: Chat, ticket: Ticket, *, inside: bool = False) -> str:
    """The place of a stored ticket in one line, as everybody reads it but who reported it and who works on it."""
    place = ticket.place if inside or ticket.person_id == chat.person.id else seen_place(ticket.place, chat.language)
    return place_line(chat, place, chat.pack.area(ticket.area) if ticket.area else None, "a-pin")


def category_name(chat: Chat, ticket: Ticket) -> str:
    """Icon and name of a ticket's category; its id when the pack has dropped it."""
    category = chat.pack.category(ticket.category)
    return f"{category.icon} {category.name(chat.language)}" if category else ticket.category


def body_name(chat: Chat, body_id: str) -> str:
    """The name of a body; its id when the pack has dropped it."""
    body = chat.pack.body(body_id)
    return body.name(chat.language) if body else body_id


def body_names(chat: Chat, bodies: Sequence[Body]) -> str:
    """The names of bodies in one phrase: "Comuna 14", "Comuna 8 y Barrios Populares"."""
    names = [body.name(chat.language) for body in bodies]
    return chat.text("and", first=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)


def status_name(chat: Chat, status: str, *, own: bool = True) -> str:
    """The word for a status; the one that speaks to the citizen is turned round for anybody but her."""
    if status == "waiting_citizen" and (chat.person.official or not own):
        return chat.text("status-waiting_citizen-for-officials")
    return chat.text(f"status-{status}")


def quoted(chat: Chat, words: str) -> str:
    """What somebody said, on a line of its own and in the language's quotation marks; "" for nothing."""
    return "\n" + chat.text("quoted", words=words) if words else ""


def ticket_line(chat: Chat, ticket: Ticket, joined: int = 0, *, inside: bool = False) -> str:
    """A ticket in one line of a list; so many `joined` it; `inside` tells that it is her work."""
    line = f"{show_code(ticket.code)} {category_name(chat, ticket)}: {status_name(chat, ticket.status)}"
    line += f" · {chat.words.plural('supporters', joined)}" if joined else ""
    line += f" · {chat.text('held')}" if ticket.held_at and ticket.open else ""
    where = ticket_place(chat, ticket, inside=inside)
    return f"{line}\n   {shorten(where)}" if where else line


async def joined_line(chat: Chat, code: str) -> str:
    """How many joined a ticket, in words; "" for nobody."""
    number = await supporters.count(chat.work, code)
    return chat.words.plural("supporters", number) if number else ""


def history_lines(
    chat: Chat, ticket: Ticket, entries: Sequence[Update], *, own: bool, inside: bool = False
) -> list[str]:
    """A ticket's history, a line for each entry; `own` tells that it is her ticket, `inside` that it is her work."""
    # Who reported it in one chat and joined that with another is a new person, and no supporter of her own.
    reporters = {ticket.person_id, entries[0].person_id if entries else None, None}
    undone = taken_back(entries)
    return [
        _update_line(
            chat,
            entry,
            # What was said by mistake is repeated to nobody but colleagues.
            said_to(chat, ticket, entry, inside=inside) if inside or entry.seq not in undone else "",
            own=own,
            joined=entry.person_id not in reporters,
            undone=entry.seq in undone,
        )
        for entry in entries
    ]


def said_to(chat: Chat, ticket: Ticket, entry: Update, *, inside: bool = False) -> str:
    """What this person reads of an entry: as it was written where she wrote it, was written to, or works on it."""
    if entry.action == "priority":
        return show_priority(chat, entry.reason)
    mine = entry.person_id == chat.person.id
    to_me = entry.actor != "citizen" and ticket.person_id == chat.person.id
    return words_beside_day(entry, read_words(entry, "inside" if inside or mine or to_me else "public"))


def day_promised(entry: Update) -> date | None:
    """The day that an entry promises; None for any other entry."""
    if entry.action != "planned":
        return None
    try:
        return date.fromisoformat(entry.reason)
    except ValueError:
        return None


def words_beside_day(entry: Update, said: str) -> str:
    """What an entry says without the day that it promises, which is told in each reader's own words."""
    return said.removeprefix(entry.reason).strip() if day_promised(entry) else said


def step_name(chat: Chat, entry: Update, *, own: bool = True) -> str:
    """The status that an entry led to, with the day that was promised; "" for words alone."""
    if (promised := day_promised(entry)) is not None:
        today = chat.pack.timetable.calendar.day(chat.now)
        return chat.text("planned-for", when=show_day(promised, chat.language, today))
    return status_name(chat, entry.status, own=own) if entry.status else ""


def why_withdrawn(chat: Chat, entry: Update) -> str:
    """Why a report was taken back, as far as that was said."""
    return chat.text(WHY[entry.action]) if entry.action in WHY else ""


def seen_place(place: Place, language: str) -> Place:
    """A place as everybody reads its words."""
    return msgspec.structs.replace(place, words=mask(shorten(place.words, MOST_SEEN), language, PLACE_KINDS).text)


def _update_line(chat: Chat, entry: Update, said: str, *, own: bool, joined: bool, undone: bool) -> str:
    """When, which status or who spoke, what was said; `joined` tells of a citizen who did not report it herself."""
    answers = entry.actor == "citizen" and entry.words and entry.status in ("acknowledged", "planned", "in_progress")
    spoken = answers or not (entry.status or day_promised(entry))
    head = _speaker(chat, entry, own=own, joined=joined) if spoken else step_name(chat, entry, own=own)
    if joined and entry.actor == "citizen" and entry.words and not spoken:
        head = f"{head} · {chat.text('by-supporter')}"
    if entry.status == "not_responsible" and entry.body:
        head = chat.text("not-responsible-of", body=body_name(chat, entry.body))
    if entry.status == "received" and entry.body:
        head = chat.text("passed-to", body=body_name(chat, entry.body))
    if entry.action in ACTIONS:
        head = chat.text(ACTIONS[entry.action])
    head = chat.text("undone-mark", step=head) if undone else head
    return f"{day(chat, entry.at)} {head}" + (f": {said}" if said else "")


def _speaker(chat: Chat, entry: Update, *, own: bool, joined: bool) -> str:
    if entry.actor == "citizen" and joined:
        return chat.text("by-supporter")
    return chat.text("by-citizen-own") if own and entry.actor == "citizen" else chat.text(f"by-{entry.actor}")


def day(chat: Chat, at: float) -> str:
    """A date as people write it, in the pack's own time."""
    moment = datetime.fromtimestamp(at, ZoneInfo(chat.pack.info.timezone))
    return f"{moment:%d/%m %H:%M}"


def ago(chat: Chat, at: float) -> str:
    """How long ago something was, in words: "recién", "hace 3 horas", "hace 2 días"."""
    hours = max(int((chat.now - at) // 3600), 0)
    if hours < 1:
        return chat.text("just-now")
    return chat.words.plural("hours-ago", hours) if hours < 24 else chat.words.plural("days-ago", hours // 24)


def shorten(text: str, most: int = MOST_LINE) -> str:
    """At most `most` characters, cut at a word."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0] + "…"
