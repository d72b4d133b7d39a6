"""An official's words that name no ticket: she is asked which of hers they are for, and then they are its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.choices import Choice
from bot.questions import Item
from handlers.codes import known_ticket
from handlers.pending import inbox
from handlers.rights import about, bodies_for, my_offices, why_refused
from handlers.views import quoted, shorten, ticket_line
from storage import tickets
from storage.codes import read_code, show_code
from storage.latest import likely

if TYPE_CHECKING:
    from bot.conversation import Chat

# Fewer words are a greeting, or thanks.
FEWEST_WORDS = 3
MOST, MOST_BY_SMS = 4, 2
MOST_QUOTED = 120
INBOX = "inbox"


class Whose(Choice):
    """Which ticket is meant, of those offered or any other; whoever does something else instead is not asked again."""

    loose = True
    stays = True

    def valid(self, value: Any) -> bool:
        return str(value) == INBOX or read_code(str(value)) == str(value)


async def welcome_official(chat: Chat) -> None:
    """An official wrote something that is no command and no reply: whose answer it is, else what waits for her."""
    if chat.person.group:
        return await inbox(chat) if await my_offices(chat) else None
    said = await chat.recall("said", lambda: chat.words.without_greeting(chat.pocket.words))
    codes = await chat.recall("codes", lambda: _likely(chat))
    if not codes or (len(said.split()) < FEWEST_WORDS and not chat.pocket.media):
        return await inbox(chat)
    chat.drop_words()
    chosen = str(await chat.ask("whose", await _ask_whose(chat, said, codes)))
    if chosen == INBOX:
        chat.become("inbox", command="inbox", rest="")
    if (named := await known_ticket(chat, chosen)) is None:
        chat.reject("whose", "code-unknown", code=show_code(chosen))
    if why := await why_refused(chat, "respond", named):
        chat.reject("whose", why, **about(chat, named))
    chat.become("respond", command="respond", rest=f"{chosen} {said}".strip())


async def _likely(chat: Chat) -> list[str]:
    """The codes that she most likely means: what is in her hands, and what moved last at her bodies."""
    bodies, most = await bodies_for(chat, "inbox"), MOST_BY_SMS if chat.costs else MOST
    return await likely(chat.work, bodies, chat.person.id, most) if bodies else []


async def _ask_whose(chat: Chat, said: str, codes: list[str]) -> Choice:
    found = [await tickets.by_code(chat.work, code, lock=False) for code in codes]
    lines = "\n".join(ticket_line(chat, each, inside=True) for each in found if each)
    items = tuple(Item(code, show_code(code)) for code in codes)
    return Whose(
        (*items, Item(INBOX, chat.text("inbox"), "📥")),
        "ask-whose",
        recognise=read_code,
        columns=3,
        said=quoted(chat, shorten(said, MOST_QUOTED)) + _files(chat),
        lines=lines,
    )


def _files(chat: Chat) -> str:
    """How many files go with it, on a line of their own."""
    files = chat.pocket.media
    kind = "photos" if all(each.kind == "photo" for each in files) else "files"
    return f"\n📎 {chat.words.plural(kind, len(files))}" if files else ""
