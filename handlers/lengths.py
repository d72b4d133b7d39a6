"""How long words may be: those that came behind a command, or in the message that began a talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Words
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


async def fit_words(chat: Chat, ticket: Ticket, said: str, most: int) -> str:
    """What she `said` of a ticket at once; what is longer than `most` letters is asked for again, and never cut."""
    over = await chat.recall("over", lambda: len(said or chat.pocket.words.strip()) - most)
    if over <= 0:
        return said
    chat.drop_words()
    asked = Words("ask-shorter", most=most, letters=most, over=over, code=show_code(ticket.code))
    shorter: str = await chat.ask("shorter", asked)
    return shorter


def tell_cut(chat: Chat, asked: Words) -> None:
    """Say that the end is missing of words that came before they were asked for, or behind the answer."""
    if asked.cut:
        chat.remark("words-cut", most=asked.most)
