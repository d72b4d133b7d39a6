"""A ticket that an official looks for: by its code, its street, its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.offering import MOST_TAP
from bot.questions import Item, Words
from handlers.pending import page_size
from handlers.rights import bodies_for, refused
from handlers.views import ticket_line
from locales import fold
from storage import inboxes, supporters
from storage.codes import read_code, show_code
from storage.inboxes import MOST_WORDS

if TYPE_CHECKING:
    from bot.conversation import Chat

MOST_ASKED = 100
# Shorter words stand in everything, and name no category.
LEAST_WORD, LEAST_NAME = 2, 4


async def search(chat: Chat) -> None:
    """`/buscar WORDS`: among the tickets of the bodies she acts for, closed ones too."""
    if await refused(chat, "inbox"):
        return None
    asked = str(chat.args.get("rest", "")) or await chat.ask("words", Words("ask-search", most=MOST_ASKED))
    if code := read_code(asked):
        chat.become("view", rest=code)
    typed, page = _read(asked)
    words = [word for word in fold(typed).split() if len(word) >= LEAST_WORD][:MOST_WORDS]
    if not words:
        return await chat.say("search-needs-words")
    most = page_size(chat)
    bodies = await bodies_for(chat, "inbox")
    wanted = [(word, _categories(chat, word)) for word in words]
    found, total = await inboxes.search(chat.work, bodies, wanted, most, most * (page - 1))
    if not found:
        return await chat.say("search-nothing", words=typed[:MOST_ASKED])
    joined = await supporters.counts(chat.work, [each.code for each in found])
    options = [Item(f"/view {each.code}", show_code(each.code)) for each in found]
    more = f"/search {typed} +{page + 1}"
    if total > most * page and len(more.encode()) <= MOST_TAP:
        options.append(Item(more, chat.text("more"), "▶️"))
    lines = "\n".join(ticket_line(chat, each, joined.get(each.code, 0), inside=True) for each in found)
    return await chat.say(
        "search-found", words=typed[:MOST_ASKED], n=total, lines=lines, options=tuple(options), columns=3
    )


def _read(asked: str) -> tuple[str, int]:
    """(words, page) of what was asked: a later page is "+2" behind the words."""
    words, _, last = asked.rpartition(" ")
    if words and last.startswith("+") and last[1:].isdecimal() and len(last) < LEAST_NAME:
        return words, max(int(last[1:]), 1)
    return asked[:MOST_ASKED], 1


def _categories(chat: Chat, word: str) -> list[str]:
    """The categories that a word names."""
    if len(word) < LEAST_NAME:
        return []
    return [each.id for each in chat.pack.records.categories if word in fold(each.name(chat.language))]
