"""`/varios`: one answer or one status for several tickets, shown once more before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice, YesNo
from bot.questions import Item, Words
from handlers.rights import bodies_for, refused
from handlers.views import status_name
from handlers.working import append, move
from locales import LANGUAGES, catalog, fold
from storage import statuses, tickets
from storage.codes import read_code, show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

MOST = 50
MOST_WORDS = 1000
ANSWER = "answer"
STATUSES = ("in_progress", "resolved", "declined")


async def bulk(chat: Chat) -> None:
    """`/varios CODE CODE ...`, or all that are open: each one's citizens are told as usual."""
    if await refused(chat, "bulk"):
        return None
    typed = str(chat.args.get("rest", "")) or await chat.ask("which", Words("ask-bulk-codes", most=MOST_WORDS))
    # What happens to one of them from here on takes it out of the selection.
    seen: dict[str, int] = await chat.recall("seen", lambda: _select(chat, typed))
    if not seen:
        return await chat.say("bulk-none")
    n = len(seen)
    items = (Item(ANSWER, chat.text("answer"), "💬"), *(Item(each, status_name(chat, each)) for each in STATUSES))
    target = await chat.ask("what", Choice(items, "ask-bulk-what", n=n))
    words = await chat.ask("words", Words("ask-bulk-words", most=MOST_WORDS))
    what = chat.text("answer") if target == ANSWER else status_name(chat, target)
    codes = ", ".join(map(show_code, seen))
    if not await chat.ask("sure", YesNo("ask-bulk-sure", n=n, what=what, words=words, codes=codes)):
        return await chat.say("bulk-dropped")
    left: list[str] = await chat.do("all", lambda: _do_all(chat, seen, target, words))
    if left:
        chat.remark("bulk-left", names=", ".join(map(show_code, left)))
    return await chat.say("bulk-done", n=n - len(left), what=what)


async def _select(chat: Chat, typed: str) -> dict[str, int]:
    """The codes of this official's tickets that are meant, each with how far its history has come; MOST at most."""
    bodies = await bodies_for(chat, "bulk")
    if fold(typed) in {fold(catalog(each).text("bulk-all")) for each in LANGUAGES}:
        found = await tickets.of_bodies(chat.work, bodies, MOST)
    else:
        codes = dict.fromkeys(code for word in typed.replace(",", " ").split() if (code := read_code(word)))
        every = [await tickets.by_code(chat.work, code, lock=False) for code in list(codes)[:MOST]]
        found = [each for each in every if each is not None]
    return {each.code: each.update_seq for each in found if each.open and each.body in bodies}


async def _do_all(chat: Chat, seen: dict[str, int], target: str, words: str) -> list[str]:
    """Do it to each; the codes of those that changed meanwhile, or that cannot go there."""
    bodies = await bodies_for(chat, "bulk")
    left = []
    # In one order for everybody, so that two selections never wait for each other.
    for code in sorted(seen):
        ticket = await tickets.by_code(chat.work, code)
        same = ticket is not None and ticket.update_seq == seen[code] and ticket.body in bodies
        if not same or not await _do_one(chat, ticket, target, words):
            left.append(code)
    return left


async def _do_one(chat: Chat, ticket: Ticket | None, target: str, words: str) -> bool:
    if ticket is None:
        return False
    if target == ANSWER:
        await append(chat, ticket, words=words)
        return True
    if statuses.way(ticket.status, target) is None:
        return False
    await move(chat, ticket, target, words)
    return True
