"""How well a ticket was dealt with: one to five, in one tap, asked once and never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item
from handlers.changes import by_citizen
from handlers.codes import ask_ticket, split_code
from handlers.followers import follows
from handlers.rights import allowed
from handlers.views import status_name
from locales import fold
from storage import evidence, merging, tickets, updates, verdicts
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


SCORES = {1: "score-1", 2: "score-2", 3: "score-3", 4: "score-4", 5: "score-5"}


class Scores(Choice):
    """The five of them, as commands."""

    loose = True
    columns = 3


async def offer_score(chat: Chat, ticket: Ticket, thanks: str, *, alone: bool) -> None:
    """Say the message `thanks`, and ask for a score with it where nothing else is open and she has not given one."""
    code = show_code(ticket.code)
    if not (alone and await chat.recall("unscored", lambda: _unscored(chat, ticket))):
        return await chat.say(thanks, code=code, ticket=ticket.code)
    chat.remark(thanks, code=code)
    items = tuple(Item(f"/score {ticket.code} {stars}", chat.text(key)) for stars, key in SCORES.items())
    chosen = await chat.ask("score", Scores(items, "ask-score", columns=3))
    chat.become("score", command="score", rest=str(chosen).partition(" ")[2])


async def score(chat: Chat) -> None:
    """`/puntaje CODE 4`, by whoever reported or joined a ticket that was resolved not long ago."""
    if (named := await ask_ticket(chat)) is None:
        return None
    ticket = await merging.lead(chat.work, named)
    code = show_code(ticket.code)
    words = split_code(str(chat.args.get("rest", "")))[1]
    if words and _read_stars(chat, words) is None and await allowed(chat, "note", ticket):
        # "Nota" is a mark in Portuguese and a note in Spanish; who works on it writes notes.
        chat.become("note", rest=f"{ticket.code} {words}")
    if not await follows(chat, ticket):
        return await chat.say("not-yours", code=code)
    if ticket.status not in ("resolved", "confirmed") or not evidence.takes_files(ticket, chat.now):
        return await chat.say("not-resolved", code=code, status=status_name(chat, ticket.status))
    stars = _read_stars(chat, words)
    if stars is None:
        items = tuple(Item(str(number), chat.text(key)) for number, key in SCORES.items())
        stars = int(await chat.ask("stars", Choice(items, "ask-score", columns=3)))
    await chat.do("scored", lambda: _keep(chat, ticket, stars))
    return await chat.say("thanks-score")


def _read_stars(chat: Chat, typed: str) -> int | None:
    labels = {fold(chat.text(key)): stars for stars, key in SCORES.items()}
    return int(typed) if typed in map(str, SCORES) else labels.get(fold(typed))


async def _unscored(chat: Chat, ticket: Ticket) -> bool:
    entries = await updates.history(chat.work, ticket.code, public_only=False)
    return not any(each.action == "rated" and each.person_id == chat.person.id for each in entries)


async def _keep(chat: Chat, ticket: Ticket, stars: int) -> None:
    """Who reported it has the last word; who joined is heard where she has said nothing."""
    await tickets.append(chat.work, ticket, by_citizen(chat, action="rated", public=False, words=str(stars)))
    await verdicts.rate(chat.work, ticket.code, stars, over=chat.person.id == ticket.person_id)
