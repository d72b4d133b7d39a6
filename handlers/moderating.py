"""Reports that are hardly meant wait for somebody to look: an official lets them through or drops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Item
from handlers.care import MOST_LABEL, PHOTO, PHOTOS, ask_which, list_pictures, tell_authors, told_or_not
from handlers.changes import by_official
from handlers.codes import split_code
from handlers.inbox import steps_of
from handlers.notices import tell_offices
from handlers.rights import own_ticket, refused
from handlers.targets import begin_anew
from handlers.views import shorten, status_name
from handlers.working import append
from locales import LANGUAGES, catalog
from routing.masking import KINDS, OFFICE_KINDS, mask, masked_or_none
from storage import deliveries, moderation, passing, tickets, updates
from storage.codes import show_code
from storage.updates import Update
from storage.wording import is_masked, read_words

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.conversation import Chat
    from routing.masking import Kind
    from storage.tickets import Ticket


async def free(chat: Chat) -> None:
    """`/liberar CODE`: a held report goes its way; of what was hidden or corrected one thing is shown as it was."""
    if (ticket := await own_ticket(chat, "free")) is None:
        return None
    held = await chat.recall("held", lambda: ticket.held_at is not None)
    if held and not ticket.open and not chat.did("freeing"):
        return await chat.say("already-closed", code=show_code(ticket.code), status=status_name(chat, ticket.status))
    if not held:
        return await _show_again(chat, ticket)
    told = await chat.do("freeing", lambda: _free(chat, ticket))
    now = await tickets.by_code(chat.work, ticket.code)
    options = await steps_of(chat, now or ticket)
    key, code = told_or_not("freed", told), show_code(ticket.code)
    return await chat.say(key, code=code, options=options, columns=2, ticket=ticket.code)


async def reject(chat: Chat) -> None:
    """`/descartar CODE`: a held report was none; who sent it is told, and nobody else ever reads it."""
    if (ticket := await own_ticket(chat, "free")) is None:
        return None
    if ticket.held_at is None or not (ticket.open or chat.did("rejecting")):
        return await chat.say("reject-not-held", code=show_code(ticket.code))
    reason = catalog(ticket.language).text("held-rejected")
    await chat.do("rejecting", lambda: append(chat, ticket, status="declined", reason=reason))
    options = (Item(f"/block {ticket.code}", chat.text("block"), "🚫"),)
    return await chat.say("rejected", code=show_code(ticket.code), options=options, ticket=ticket.code)


async def _show_again(chat: Chat, ticket: Ticket) -> None:
    """Show one thing that was hidden or corrected again: the one that a button names, else she is asked which."""
    items = await chat.recall("items", lambda: _wanted(chat, ticket, split_code(str(chat.args.get("rest", "")))[1]))
    if not items:
        return await chat.say("free-nothing", code=show_code(ticket.code))
    # What only a dispatcher hides only a dispatcher shows again.
    if not chat.did("showing") and await refused(chat, "correct", ticket):
        return None
    what = await ask_which(chat, ticket, items)
    told = await chat.do("showing", lambda: _show(chat, ticket, what))
    if told is None:
        # A colleague was asked the same, and answered first.
        return await chat.say("free-nothing", code=show_code(ticket.code))
    key, code = told_or_not("shown-again", told), show_code(ticket.code)
    return await chat.say(key, code=code, options=await steps_of(chat, ticket), columns=2, ticket=ticket.code)


async def _free(chat: Chat, ticket: Ticket) -> int:
    await moderation.let_go(chat.work, ticket.code)
    await begin_anew(chat.work, chat.pack, ticket.code)
    await _hand_over(chat, ticket)
    return await tell_authors(chat, ticket, [1], await _note(chat, ticket))


async def _note(chat: Chat, ticket: Ticket, about: str = "") -> int:
    entry = by_official(chat, action="freed", body=ticket.body, about=about, public=False)
    return (await tickets.append(chat.work, ticket, entry)).update_seq


async def _hand_over(chat: Chat, ticket: Ticket) -> None:
    ids = [ticket.body, *await passing.beside(chat.work, ticket.code)]
    bodies = [body for each in ids if (body := chat.pack.body(each))]
    await deliveries.hand_over(chat.work, chat.pack, ticket.code, ticket.category, bodies, 1)
    await tell_offices(chat, ids[1:], ticket.code, 1, again="freed")


async def _wanted(chat: Chat, ticket: Ticket, named: str) -> list[tuple[str, str]]:
    """(value, label) of what an official hid or corrected: the one that a button has `named`, else everything."""
    pictures = await moderation.hidden_files(chat.work, ticket.code)
    words = [(str(seq), shorten(read_words(each, "inside"), MOST_LABEL)) for seq, each in await _records(chat, ticket)]
    items = [*list_pictures(chat, pictures), *words]
    if named.isdecimal() or named == PHOTOS or named.startswith(PHOTO):
        alone = [(f"{PHOTO}{each.media_id}", "") for each in pictures]
        return [item for item in (*items, *alone) if item[0] == named][:1]
    return items


async def _records(chat: Chat, ticket: Ticket) -> list[tuple[int, Ticket | Update]]:
    """The entries (1: the report) whose words an official hid or corrected."""
    history = await updates.history(chat.work, ticket.code, public_only=True)
    records: list[tuple[int, Ticket | Update]] = [(1, ticket), *((entry.seq, entry) for entry in history)]
    return [(seq, record) for seq, record in records if _is_hidden(record)]


async def _show(chat: Chat, ticket: Ticket, what: str) -> int | None:
    """Show a picture, all of them, or words again; how many are told of it, None where they are shown already."""
    seqs = await (_show_words(chat, ticket, int(what)) if what.isdecimal() else _show_files(chat, ticket, what))
    if not seqs:
        return None
    shown = "words" if what.isdecimal() else "files"
    return await tell_authors(chat, ticket, seqs, await _note(chat, ticket, what.removeprefix(PHOTO)), shown=shown)


async def _show_words(chat: Chat, ticket: Ticket, seq: int) -> list[int]:
    """Show the words of an entry; what was masked before an official hid more stays masked."""
    record = dict(await _records(chat, ticket)).get(seq)
    if record is None:
        return []
    masked = masked_or_none(read_words(record, "inside"), ticket.language, _kinds(record))
    await moderation.show_instead(chat.work, ticket.code, seq, masked)
    return [seq]


async def _show_files(chat: Chat, ticket: Ticket, what: str) -> list[int]:
    pictures = [each.media_id for each in await moderation.hidden_files(chat.work, ticket.code)]
    ids = [each for each in pictures if what in (PHOTOS, f"{PHOTO}{each}")]
    return await moderation.show_files(chat.work, ticket.code, ids) if ids else []


def _is_hidden(record: Ticket | Update) -> bool:
    """True where the public reads something else than what was written with its personal data masked."""
    said, kinds = read_words(record, "inside"), _kinds(record)
    # Masked in the language of the chat where it was written, of which nobody knows any more.
    return is_masked(record) and record.public_words not in {mask(said, each, kinds).text for each in LANGUAGES}


def _kinds(record: Ticket | Update) -> Collection[Kind]:
    return OFFICE_KINDS if isinstance(record, Update) and record.actor == "official" else KINDS
