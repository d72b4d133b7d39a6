"""What the public sees is cared for: an official hides or corrects words and pictures.

The original is kept, the history tells who did it and why, and who wrote it is told, with the way to object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item, Words
from handlers import notices
from handlers.changes import by_official
from handlers.codes import split_code
from handlers.lengths import fit_words
from handlers.rights import own_ticket
from handlers.views import quoted, shorten
from storage import moderation, tickets, updates
from storage.codes import show_code
from storage.team import members
from storage.wording import read_words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.conversation import Chat
    from storage.moderation import Shown
    from storage.tickets import Ticket

MOST_LABEL, MOST_READ = 40, 300
MOST_REASON, MOST_WORDS = 300, 1500
PHOTOS, PHOTO = "photos", "photo:"
MOST_PHOTOS = 8
# What the author of words is told, by what was done to them.
TOLD = {"hidden": "told-hidden", "corrected": "told-corrected", "freed": "told-freed"}
# The same of what was hidden and is shown again, by whether it was words.
SHOWN = {"words": "told-shown-words", "files": "told-shown-files"}
# What an official reads where an office wrote it, or who did was forgotten: nobody is told.
UNTOLD = {
    "hidden": "hidden-untold",
    "corrected": "corrected-untold",
    "freed": "freed-untold",
    "shown-again": "shown-again-untold",
}


async def hide(chat: Chat) -> None:
    """`/ocultar CODE [why]`: the public reads these words, or sees these pictures, no more."""
    if (named := await _named(chat, "hide", files=True)) is None:
        return None
    ticket, what, _ = named
    why = await fit_words(chat, ticket, split_code(str(chat.args.get("rest", "")))[1], MOST_REASON)
    if not why:
        why = await chat.ask("why", Words("ask-hide-why", most=MOST_REASON, code=show_code(ticket.code)))
    back, told = await chat.do("hiding", lambda: _hide(chat, ticket, what, why))
    return await _say_done(chat, ticket, "hidden", back, told)


async def correct(chat: Chat) -> None:
    """`/corregir CODE words`: the public reads these words instead."""
    if (named := await _named(chat, "correct", files=False)) is None:
        return None
    ticket, what, seen = named
    words = await fit_words(chat, ticket, split_code(str(chat.args.get("rest", "")))[1], MOST_WORDS)
    if not words:
        words = await chat.ask("words", Words("ask-correct", most=MOST_WORDS, code=show_code(ticket.code)))
    # Between a question and its answer somebody else may have been here: nothing of hers is overwritten.
    read = (await _read_instead(chat, ticket)).get(what)
    if read != seen.get(what) and not chat.did("correcting"):
        return await _say_who_was_first(chat, ticket, read)
    told = await chat.do("correcting", lambda: _correct(chat, ticket, int(what), words))
    return await _say_done(chat, ticket, "corrected", what, told)


async def _named(chat: Chat, action: str, *, files: bool) -> tuple[Ticket, str, dict[str, str]] | None:
    """The ticket, what of it is meant, and what the public read then; None where there is nothing, which is said."""
    if (ticket := await own_ticket(chat, action)) is None:
        return None
    items = await chat.recall("items", lambda: _hideable(chat, ticket, files=files))
    read = await chat.recall("read", lambda: _read_instead(chat, ticket))
    if not items:
        await chat.say("hide-nothing", code=show_code(ticket.code))
        return None
    return ticket, await ask_which(chat, ticket, items), read


async def _read_instead(chat: Chat, ticket: Ticket) -> dict[str, str]:
    """What the public reads instead of what was written, by the number of its entry; "1" is the report."""
    entries = await updates.history(chat.work, ticket.code, public_only=True)
    found = {"1": ticket.public_words} | {str(each.seq): each.public_words for each in entries if each.seq > 1}
    return {seq: words for seq, words in found.items() if words is not None}


async def _say_who_was_first(chat: Chat, ticket: Ticket, now_read: str | None) -> None:
    """Tell an official that a colleague changed the same words while she was asked for hers."""
    history = await updates.history(chat.work, ticket.code, public_only=False)
    last = next((each.person_id for each in reversed(history) if each.action in TOLD), None)
    team = await members(chat.work, [ticket.body])
    who = next((each.name for each in team if each.person_id == last and each.name), chat.text("a-colleague"))
    said = "" if now_read is None else shorten(now_read, MOST_READ) or "…"
    code = show_code(ticket.code)
    await chat.say("corrected-before" if said else "freed-before", code=code, who=who, said=said, ticket=ticket.code)


async def told_care(chat: Chat) -> None:
    """Who wrote it learns what an official did to her words, why, and how to object."""
    code, seq = str(chat.args["code"]), int(chat.args["seq"])
    ticket, entry = await tickets.by_code(chat.work, code, lock=False), await updates.step(chat.work, code, seq)
    if ticket is None or entry is None or entry.action not in TOLD:
        return
    said = quoted(chat, entry.reason)
    options = (Item(f"/reply {code}", chat.text("answer"), "💬"),) if ticket.open else ()
    key = SHOWN.get(str(chat.args.get("shown")), TOLD[entry.action])
    await chat.say(key, code=show_code(code), said=said, options=options, ticket=code)


async def tell_authors(chat: Chat, ticket: Ticket, seqs: Collection[int], done: int, *, shown: str = "") -> int:
    """Tell who wrote these entries (1: the report) what was done to them, in the entry `done`; how many are told.

    Who wrote several of them hears it once, an office or who was forgotten does not; `shown` are "words" or "files"
    that are shown again.
    """
    found: dict[int | None, None] = {}
    for seq in seqs:
        wrote = await updates.step(chat.work, ticket.code, seq)
        if seq == 1 or wrote is None:
            found[ticket.address_id] = None
        elif wrote.actor == "citizen":
            found[wrote.address_id] = None
    told = [address_id for address_id in found if address_id is not None]
    for address_id in told:
        notices.tell(chat.work, address_id, "told-care", ticket.code, done, shown=shown)
    return len(told)


def told_or_not(key: str, told: int) -> str:
    """The message of this name, or the one for what nobody is told of."""
    return key if told else UNTOLD[key]


async def _hideable(chat: Chat, ticket: Ticket, *, files: bool) -> list[tuple[str, str]]:
    """(value, label) of everything that the public can read or see: "1" is the report, other numbers its entries."""
    entries = await updates.history(chat.work, ticket.code, public_only=True)
    found = [("1", read_words(ticket, "public"))] + [(str(each.seq), read_words(each, "public")) for each in entries]
    items = [(value, shorten(words, MOST_LABEL)) for value, words in found if words]
    pictures = await moderation.shown_files(chat.work, ticket.code) if files else []
    return [*list_pictures(chat, pictures), *items]


def list_pictures(chat: Chat, pictures: Sequence[Shown]) -> list[tuple[str, str]]:
    """All of them together, and each by its number, as they are shown with the question; the newest of very many."""
    photos = all(each.kind == "photo" for each in pictures)
    together = [(PHOTOS, chat.words.plural("photos" if photos else "files", len(pictures)))] if pictures else []
    numbered = [
        (f"{PHOTO}{each.media_id}", chat.text("photo-n" if each.kind == "photo" else "file-n", n=number))
        for number, each in enumerate(pictures[-MOST_PHOTOS:], 1)
    ]
    return together + (numbered if len(pictures) > 1 else [])


async def ask_which(chat: Chat, ticket: Ticket, items: list[tuple[str, str]]) -> str:
    """Which of these (value, label) is meant, shown with its pictures; nobody is asked of a single one."""
    if len(items) == 1:
        return str(items[0][0])
    offered = tuple(Item(value, label, "📷" if value.startswith((PHOTO, PHOTOS)) else "💬") for value, label in items)
    shown = tuple(value.removeprefix(PHOTO) for value, _ in items if value.startswith(PHOTO))
    question = Choice(offered, "ask-which-words", media=shown, code=show_code(ticket.code))
    chosen: str = await chat.ask("what", question)
    return chosen


async def _hide(chat: Chat, ticket: Ticket, what: str, why: str) -> tuple[str, int]:
    """Hide it: what names it to whoever shows it again, "" where that would bring back more, and how many are told.

    Pictures that a colleague has hidden meanwhile are no step of hers.
    """
    more = what == PHOTOS and await moderation.hidden_files(chat.work, ticket.code)
    if what == PHOTOS:
        seqs = await moderation.hide_files(chat.work, ticket.code, chat.now)
    elif what.startswith(PHOTO):
        seqs = await moderation.hide_file(chat.work, ticket.code, what.removeprefix(PHOTO), chat.now)
    else:
        seqs = [int(what)]
        await moderation.show_instead(chat.work, ticket.code, seqs[0], "")
    if not seqs:
        return what, 0
    told = await _note(chat, ticket, seqs, action="hidden", reason=why, about=what.removeprefix(PHOTO))
    return "" if more else what, told


async def _correct(chat: Chat, ticket: Ticket, seq: int, words: str) -> int:
    await moderation.show_instead(chat.work, ticket.code, seq, words)
    return await _note(chat, ticket, [seq], action="corrected", reason=words, about=str(seq))


async def _note(chat: Chat, ticket: Ticket, seqs: Collection[int], **entry: str) -> int:
    change = by_official(chat, body=ticket.body, public=False, **entry)
    after = await tickets.append(chat.work, ticket, change)
    return await tell_authors(chat, ticket, seqs, after.update_seq)


async def _say_done(chat: Chat, ticket: Ticket, key: str, what: str, told: int) -> None:
    # Who types it types no more than the code, and is asked which where there are several.
    named = "" if chat.costs else what
    options = (Item(f"/free {ticket.code} {named}".strip(), chat.text("show-again")),)
    await chat.say(told_or_not(key, told), code=show_code(ticket.code), options=options, ticket=ticket.code)
