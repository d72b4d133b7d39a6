"""A report that waited for somebody to receive it does so no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.views import body_name
from storage import tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat


async def told_claimed(chat: Chat) -> None:
    """Tell the one who was told that it waits; not where something else has happened meanwhile."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    if ticket is None or ticket.status != "received":
        return
    text = chat.text("told-claimed", code=show_code(ticket.code), body=body_name(chat, ticket.body))
    await chat.say(
        "told-claimed",
        code=show_code(ticket.code),
        body=body_name(chat, ticket.body),
        ticket=ticket.code,
        template="update",
        about={"text": text, "body": body_name(chat, ticket.body), "city": chat.pack.name(chat.language)},
    )
