"""What a person was not told while she wanted no messages: offered when she is back, never dumped on her."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import YesNo
from bot.questions import Item
from handlers.views import ticket_line
from storage import tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat


async def missed(chat: Chat) -> None:
    """`codes` have news: asked whether she wants them, or only told where they are when she is at something else."""
    codes = [str(code) for code in chat.args["codes"]]
    names = ", ".join(map(show_code, codes))
    if not await chat.recall("asks", lambda: chat.alone):
        return await chat.say("missed-later", names=names, options=(Item("/mine", chat.text("my-tickets")),))
    if not await chat.ask("tell", YesNo("ask-missed", names=names)):
        return await chat.say("missed-not-told")
    found = [ticket for code in codes if (ticket := await tickets.by_code(chat.work, code, lock=False))]
    options = tuple(Item(f"/status {t.code}", show_code(t.code)) for t in found)
    lines = "\n".join(ticket_line(chat, t) for t in found)
    return await chat.say("missed-news", lines=lines, options=options, columns=3)
