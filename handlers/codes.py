"""Find the ticket that somebody means by a code, mistyped ones included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.answers import Said, Took, Unclear
from bot.questions import Item, Words
from storage import officials, passing, supporters, tickets
from storage.codes import normal_code, read_code, show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from locales import Catalog
    from storage.tickets import Ticket


MOST_TYPED = 40
MOST_OFFERED = 6


def split_code(rest: str) -> tuple[str, str]:
    """(code as typed, what follows it) of a command's rest: "K7Q4-2MX en obra", "k7q4 2mx en obra"."""
    words = rest.split()
    for count in (1, 2):
        typed = " ".join(words[:count])
        if words and normal_code(typed):
            return typed, rest.strip()[len(typed) :].strip() if count == 1 else " ".join(words[count:])
    return (words[0], " ".join(words[1:])) if words else ("", "")


def code_within(text: str) -> str | None:
    """The first code that stands somewhere in a text ("repetido de K7Q4-2MX, ya lo vimos"), in its stored form."""
    words = [word.strip(".,;:()«»\"'") for word in text.split()]
    typed = [" ".join(words[at : at + count]) for at in range(len(words)) for count in (1, 2)]
    return next((code for each in typed if (code := read_code(each))), None)


def codes_in(text: str) -> tuple[list[str], list[str]]:
    """(the codes in a text, in their stored form, each once; what only looks like one) of a list as people write it.

    "K7Q4-2MX, K7Q4 2MX y RT2GZSA": a code may be written with a space, and anything may stand between two.
    """
    words = [word.strip(".:()«»\"'") for word in re.split(r"[\s,;/+&]+", text)]
    codes: dict[str, None] = {}
    wrong: dict[str, None] = {}
    while words:
        typed = next((each for n in (1, 2) if _meant(each := " ".join(words[:n]))), "")
        if typed and (code := read_code(typed)):
            codes[code] = None
        elif typed:
            wrong[typed] = None
        del words[: 2 if " " in typed else 1]
    return list(codes), list(wrong)


def _meant(typed: str) -> bool:
    """True of what is no word that only happens to be as long as a code."""
    written = typed.isupper() or any(c.isdigit() or c == "-" for c in typed)
    return written and normal_code(typed) is not None


async def ask_ticket(chat: Chat, *, at_work: bool = False, held: bool = False) -> Ticket | None:
    """The ticket of `args["code"]` or of the command's rest; asked for when there is none. None: said why.

    An official `at_work` means one of her bodies', and first those that are `held`.
    """
    typed = str(chat.args.get("code", "")) or split_code(str(chat.args.get("rest", "")))[0]
    if not typed:
        near = await chat.recall("near", lambda: near_tickets(chat, at_work=at_work, held=held))
        typed = await chat.ask("code", WhichTicket("ask-code", near))
    if code := read_code(typed):
        if (ticket := await known_ticket(chat, code)) is None:
            await chat.say("code-unknown", code=show_code(code))
        return ticket
    await _did_you_mean(chat, typed)
    return None


async def known_ticket(chat: Chat, code: str) -> Ticket | None:
    """The ticket of a code, for whoever may know of it."""
    ticket = await tickets.by_code(chat.work, code)
    return ticket if ticket is not None and await _may_know(chat, ticket) else None


async def _may_know(chat: Chat, ticket: Ticket) -> bool:
    """What nobody has looked at yet is there for who reported it and for the bodies that have it, and nobody else."""
    if ticket.held_at is None or ticket.person_id == chat.person.id:
        return True
    having = {ticket.body, *await passing.beside(chat.work, ticket.code)}
    return any(office.body in having for office in await officials.offices(chat.work, chat.person))


async def near_tickets(chat: Chat, *, at_work: bool, held: bool) -> list[str]:
    """The codes that somebody most likely means who names none: at work her bodies' open ones, else a person's own.

    Who joins means somebody else's, and who leaves one that she joined.
    """
    command = str(chat.args.get("command", ""))
    if command in ("join", "leave"):
        return await supporters.codes_of(chat.work, chat.person.id, MOST_OFFERED) if command == "leave" else []
    bodies = [office.body for office in await officials.offices(chat.work, chat.person)] if at_work else []
    if bodies:
        waits = await tickets.of_bodies(chat.work, bodies, MOST_OFFERED, held=True) if held else []
        return [each.code for each in waits or await tickets.of_bodies(chat.work, bodies, MOST_OFFERED)]
    return [ticket.code for ticket in await tickets.of_person(chat.work, chat.person.id, MOST_OFFERED)]


class WhichTicket(Words):
    """A code, typed as it may be, or one of those that are offered."""

    columns: int = 3

    def __init__(self, text: str, codes: list[str], **values: Any) -> None:
        super().__init__(text, most=MOST_TYPED, **values)
        self.codes = codes

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return tuple(Item(code, show_code(code)) for code in self.codes)

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        number = said.text.strip()
        if said.tapped in self.codes:
            return Took(said.tapped)
        if number.isdecimal() and len(number) < 3 and 1 <= int(number) <= len(shown):
            return Took(shown[int(number) - 1], frozenset({"text"}))
        return super().read(said, words, shown)


async def _did_you_mean(chat: Chat, typed: str) -> None:
    near = await tickets.similar(chat.work, normal) if (normal := normal_code(typed)) else []
    if not near:
        return await chat.say("code-wrong", typed=typed[:20])
    command = str(chat.args.get("command", "status"))
    options = tuple(Item(f"/{command} {code}", show_code(code)) for code in near)
    return await chat.say("code-did-you-mean", typed=typed[:20], codes=", ".join(map(show_code, near)), options=options)
