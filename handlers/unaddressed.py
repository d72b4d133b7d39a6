"""An official's words that name no ticket: she is asked which of hers they are for, and then they are its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item
from handlers.pending import inbox
from handlers.rights import bodies_for, my_offices
from handlers.views import quoted, shorten, ticket_line
from storage import tickets
from storage.codes import read_code, show_code
from storage.latest import last_moved

if TYPE_CHECKING:
    from bot.conversation import Chat

# Fewer words are a greeting, or thanks.
FEWEST_WORDS = 3
MOST, MOST_BY_SMS = 4, 2
MOST_QUOTED = 120
INBOX = "inbox"


class Whose(Choice):
    """Which ticket is meant; whoever does something else instead is not asked again."""

    loose = True


async def welcome_official(chat: Chat) -> None:
    """An official wrote something that is no command and no reply: whose answer it is, else what waits for her."""
    if chat.person.group:
        return await inbox(chat) if await my_offices(chat) else None
    said = await chat.recall("said", lambda: chat.words.without_greeting(chat.pocket.words))
    codes = await chat.recall("codes", lambda: _likely(chat))
    if not codes or len(said.split()) < FEWEST_WORDS:
        return await inbox(chat)
    chat.drop_words()
    chosen = str(await chat.ask("whose", await _ask_whose(chat, said, codes)))
    if chosen == INBOX:
        chat.become("inbox", command="inbox", rest="")
    chat.become("respond", command="respond", rest=f"{chosen} {said}")


async def _likely(chat: Chat) -> list[str]:
    """The codes that she most likely means: what moved last at her bodies, in her hands or not."""
    bodies, most = await bodies_for(chat, "inbox"), MOST_BY_SMS if chat.costs else MOST
    return await last_moved(chat.work, bodies, most) if bodies else []


async def _ask_whose(chat: Chat, said: str, codes: list[str]) -> Choice:
    found = [await tickets.by_code(chat.work, code, lock=False) for code in codes]
    lines = "\n".join(ticket_line(chat, each, inside=True) for each in found if each)
    items = tuple(Item(code, show_code(code)) for code in codes)
    return Whose(
        (*items, Item(INBOX, chat.text("inbox"), "📥")),
        "ask-whose",
        recognise=read_code,
        columns=3,
        said=quoted(chat, shorten(said, MOST_QUOTED)),
        lines=lines,
    )
