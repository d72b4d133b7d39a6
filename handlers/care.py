"""What the public sees is cared for: an official hides or corrects words and pictures, and stops who misuses it.

The original is kept, the history tells who did it and why, and who wrote it is told, with the way to object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item, Words
from handlers import notices
from handlers.changes import by_official
from handlers.codes import split_code
from handlers.rights import own_ticket
from handlers.views import day, quoted, shorten
from storage import blocks, moderation, tickets, updates
from storage.codes import show_code
from storage.wording import read_words

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

MOST_ENTRIES = 5
MOST_LABEL = 40
MOST_REASON = 300
BLOCK_DAYS = 30
DAY = 86400.0
PHOTOS = "photos"
# What the author of words is told, by what was done to them.
TOLD = {"hidden": "told-hidden", "corrected": "told-corrected", "freed": "told-freed"}


async def hide(chat: Chat) -> None:
    """`/ocultar CODE [why]`: the public reads these words, or sees these pictures, no more."""
    if (named := await _named(chat, "hide", files=True)) is None:
        return None
    ticket, what = named
    why = split_code(str(chat.args.get("rest", "")))[1]
    if not why:
        why = await chat.ask("why", Words("ask-hide-why", most=MOST_REASON, code=show_code(ticket.code)))
    await chat.do("hiding", lambda: _hide(chat, ticket, what, why))
    return await _say_done(chat, ticket, "hidden")


async def correct(chat: Chat) -> None:
    """`/corregir CODE words`: the public reads these words instead."""
    if (named := await _named(chat, "correct", files=False)) is None:
        return None
    ticket, what = named
    words = split_code(str(chat.args.get("rest", "")))[1]
    if not words:
        words = await chat.ask("words", Words("ask-correct", most=1500, code=show_code(ticket.code)))
    await chat.do("correcting", lambda: _correct(chat, ticket, int(what), words))
    return await _say_done(chat, ticket, "corrected")


async def _named(chat: Chat, action: str, *, files: bool) -> tuple[Ticket, str] | None:
    """The ticket, and what of it is meant; None where that was refused or there is nothing, which is said."""
    if (ticket := await own_ticket(chat, action)) is None:
        return None
    items = await chat.recall("items", lambda: _hideable(chat, ticket, files=files))
    if not items:
        await chat.say("hide-nothing", code=show_code(ticket.code))
        return None
    return ticket, await _which(chat, ticket, items)


async def block(chat: Chat) -> None:
    """`/bloquear CODE [why]`: nothing more is taken from who reported this, for some time."""
    if (ticket := await own_ticket(chat, "block")) is None:
        return None
    code = show_code(ticket.code)
    if ticket.address_id is None or ticket.person_id in (None, chat.person.id):
        return await chat.say("block-nobody", code=code)
    why = split_code(str(chat.args.get("rest", "")))[1]
    if not why:
        why = await chat.ask("why", Words("ask-block-why", most=MOST_REASON, code=code, days=BLOCK_DAYS))
    await chat.do("blocking", lambda: _block(chat, ticket, why))
    return await chat.say("blocked", code=code, days=BLOCK_DAYS, ticket=ticket.code)


async def told_care(chat: Chat) -> None:
    """Who wrote it learns what an official did to her words, why, and how to object."""
    code, seq = str(chat.args["code"]), int(chat.args["seq"])
    ticket, entry = await tickets.by_code(chat.work, code, lock=False), await updates.step(chat.work, code, seq)
    if ticket is None or entry is None or entry.action not in TOLD:
        return
    said = quoted(chat, entry.reason)
    options = (Item(f"/reply {code}", chat.text("answer"), "💬"),) if ticket.open else ()
    await chat.say(TOLD[entry.action], code=show_code(code), said=said, options=options, ticket=code)


async def told_blocked(chat: Chat) -> None:
    """Who is blocked is told once, and until when."""
    await chat.say("told-blocked", until=day(chat, float(chat.args["until"])))


async def tell_author(chat: Chat, ticket: Ticket, seq: int, done: int) -> None:
    """Tell who wrote an entry (1: the report) what was done to it, in the entry `done`; an office is not told."""
    wrote = await updates.step(chat.work, ticket.code, seq)
    address_id = ticket.address_id if seq == 1 or wrote is None else wrote.address_id
    if address_id is not None and (seq == 1 or (wrote and wrote.actor == "citizen")):
        notices.tell(chat.work, address_id, "told-care", ticket.code, done)


async def _hideable(chat: Chat, ticket: Ticket, *, files: bool) -> list[tuple[str, str]]:
    """(value, label) of everything that the public can read or see: "1" is the report, other numbers its entries."""
    entries = await updates.history(chat.work, ticket.code, public_only=True)
    found = [("1", read_words(ticket, "public"))] + [(str(each.seq), read_words(each, "public")) for each in entries]
    items = [(value, shorten(words, MOST_LABEL)) for value, words in found if words]
    number = await moderation.count_files(chat.work, ticket.code) if files else 0
    photos = [(PHOTOS, chat.words.plural("files", number))] if number else []
    return [*photos, *items[:1], *items[1:][-MOST_ENTRIES:]]


async def _which(chat: Chat, ticket: Ticket, items: list[tuple[str, str]]) -> str:
    if len(items) == 1:
        return str(items[0][0])
    offered = tuple(Item(value, label, "📷" if value == PHOTOS else "💬") for value, label in items)
    chosen: str = await chat.ask("what", Choice(offered, "ask-which-words", code=show_code(ticket.code)))
    return chosen


async def _hide(chat: Chat, ticket: Ticket, what: str, why: str) -> None:
    seq = 1 if what == PHOTOS else int(what)
    if what == PHOTOS:
        await moderation.hide_files(chat.work, ticket.code, chat.now)
    else:
        await moderation.show_instead(chat.work, ticket.code, seq, "")
    await _note(chat, ticket, seq, "hidden", reason=why)


async def _correct(chat: Chat, ticket: Ticket, seq: int, words: str) -> None:
    await moderation.show_instead(chat.work, ticket.code, seq, words)
    await _note(chat, ticket, seq, "corrected", reason=words)


async def _note(chat: Chat, ticket: Ticket, seq: int, action: str, *, reason: str) -> None:
    entry = by_official(chat, action=action, body=ticket.body, reason=reason, public=False)
    after = await tickets.append(chat.work, ticket, entry)
    await tell_author(chat, ticket, seq, after.update_seq)


async def _block(chat: Chat, ticket: Ticket, why: str) -> None:
    until = chat.now + BLOCK_DAYS * DAY
    if ticket.address_id is not None:
        await blocks.shut_out(chat.work, ticket.address_id, why, made_by=chat.person.id, until=until)
        key = f"told-blocked:{ticket.address_id}:{chat.work.cause}"
        notices.tell(chat.work, ticket.address_id, "told-blocked", ticket.code, 0, key=key, until=str(until))
    await tickets.append(
        chat.work, ticket, by_official(chat, action="blocked", body=ticket.body, reason=why, public=False)
    )


async def _say_done(chat: Chat, ticket: Ticket, key: str) -> None:
    options = (Item(f"/free {ticket.code}", chat.text("show-again")),)
    await chat.say(key, code=show_code(ticket.code), options=options, ticket=ticket.code)
