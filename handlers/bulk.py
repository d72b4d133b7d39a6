"""`/varios`: one answer or one status for several tickets, shown once more before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert

from bot.choices import Choice, YesNo
from bot.questions import Item
from handlers.codes import codes_in
from handlers.pending import complete, filters, read_wish
from handlers.rights import bodies_for, refused
from handlers.templates import Ready, answers_for_all, fill_in, leave_open
from handlers.views import status_name
from handlers.working import move, respond_with
from storage import inboxes, statuses, tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from storage.inboxes import Filter
    from storage.tickets import Ticket

MOST = 50
MOST_WORDS = 1000
# More than so many codes nobody compares.
MOST_SHOWN = 5
ANSWER = "answer"
STATUSES = ("in_progress", "resolved", "declined")


class Picked(Struct, frozen=True):
    """What is meant: each code with how far its history has come, the kinds (body, category) of all of them.

    `left` are those that were named and cannot be meant, `total` how many there are beyond the most.
    """

    seen: dict[str, int]
    kinds: list[tuple[str, str]]
    left: list[str] = []
    total: int = 0


class Selection(Choice):
    """One of the inbox's filters, or codes."""

    def valid(self, value: Any) -> bool:
        return super().valid(value) or (self.recognise is not None and self.recognise(str(value)) is not None)


async def bulk(chat: Chat) -> None:
    """`/varios CODE CODE ...`, or those that a filter of the inbox shows: each one's citizens are told as usual."""
    if await refused(chat, "bulk"):
        return None
    bodies = await bodies_for(chat, "bulk")
    typed = str(chat.args.get("rest", "")) or await _ask_which(chat, bodies)
    # What happens to one of them from here on takes it out of the selection.
    picked = convert(await chat.recall("picked", lambda: _pick(chat, bodies, typed)), Picked)
    if not picked.seen:
        return await chat.say("bulk-none")
    _remark(chat, picked)
    n = len(picked.seen)
    items = (Item(ANSWER, chat.text("answer"), "💬"), *(Item(each, status_name(chat, each)) for each in STATUSES))
    target = await chat.ask("what", Choice(items, "ask-bulk-what", n=n))
    moments = ("waiting_citizen", ANSWER) if target == ANSWER else (target,)
    ready = answers_for_all(chat, picked.kinds, *moments)
    words = await chat.ask("words", Ready("ask-bulk-words", ready, most=MOST_WORDS))
    what = chat.text("bulk-answer") if target == ANSWER else status_name(chat, target)
    told: dict[str, Any] = {"n": n, "what": what, "words": leave_open(words), "codes": _codes(chat, picked)}
    if not await chat.ask("sure", YesNo("ask-bulk-sure", **told)):
        return await chat.say("bulk-dropped")
    left: list[str] = await chat.do("all", lambda: _do_all(chat, picked.seen, target, words))
    if left:
        chat.remark("bulk-left", names=", ".join(map(show_code, left)))
    done = n - len(left)
    if not done:
        return await chat.say("bulk-dropped")
    return await chat.say("bulk-done-one" if done == 1 else "bulk-done", n=done, what=what)


async def _ask_which(chat: Chat, bodies: Sequence[str]) -> str:
    def recognise(text: str) -> str | None:
        return text if codes_in(text)[0] or _wish(chat, text) else None

    asked = Selection(await filters(chat, bodies), "ask-bulk-codes", recognise=recognise, columns=2)
    return str(await chat.ask("which", asked))


def _wish(chat: Chat, typed: str) -> Filter | None:
    """The filter that is named somewhere in what was typed: "todos los vencidos" are the overdue ones."""
    words = typed.split()
    tails = (" ".join(words[at:]) for at in range(len(words)))
    found = [wish for tail in tails if not tail.isdecimal() and (wish := read_wish(chat, tail).chosen)]
    return next((each for each in found if each.kind != "all"), found[0] if found else None)


async def _pick(chat: Chat, bodies: Sequence[str], typed: str) -> Picked:
    """Those of this official's tickets that are meant, MOST at most."""
    codes, wrong = codes_in(typed)
    if codes or wrong:
        every = {code: await tickets.by_code(chat.work, code, lock=False) for code in codes[:MOST]}
        found = [each for each in every.values() if _may(each, bodies)]
        left = [show_code(code) for code, each in every.items() if not _may(each, bodies)]
        return _picked(found, [*left, *wrong], len(codes))
    if (wish := _wish(chat, typed)) is None:
        return _picked([], [], 0)
    chosen = await complete(chat, bodies, wish)
    shown = await inboxes.waiting(chat.work, bodies, chat.person.id, chosen, MOST)
    return _picked([each for each in shown.tickets if _may(each, bodies)], [], shown.total)


def _may(ticket: Ticket | None, bodies: Sequence[str]) -> bool:
    return ticket is not None and ticket.open and ticket.held_at is None and ticket.body in bodies


def _picked(found: Sequence[Ticket | None], left: list[str], total: int) -> Picked:
    known = [each for each in found if each is not None]
    kinds = dict.fromkeys((each.body, each.category) for each in known)
    return Picked({each.code: each.update_seq for each in known}, list(kinds), left, total)


def _remark(chat: Chat, picked: Picked) -> None:
    """Say what of the selection is left out before anything is asked of the rest."""
    if picked.total > MOST:
        chat.remark("bulk-first", most=MOST, total=picked.total)
    if picked.left:
        chat.remark("bulk-not-open", names=", ".join(picked.left[:MOST_SHOWN]))


def _codes(chat: Chat, picked: Picked) -> str:
    """The codes as far as somebody reads them, and how many more there are."""
    codes = ", ".join([show_code(code) for code in picked.seen][:MOST_SHOWN])
    more = len(picked.seen) - MOST_SHOWN
    return chat.text("bulk-and-more", codes=codes, n=more) if more > 0 else codes


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
    said = fill_in(chat, words, ticket)
    if target == ANSWER:
        await respond_with(chat, ticket, said)
        return True
    if statuses.way(ticket.status, target) is None:
        return False
    await move(chat, ticket, target, said)
    return True
