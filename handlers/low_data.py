"""Little data: no pictures, short texts, few messages; and the pictures all the same for whoever asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.codes import ask_ticket
from handlers.rights import allowed
from storage import people, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat

# A message carries so many files on Telegram (Bot API, sendMediaGroup), the least of all channels that carry several.
MOST_FILES = 10


async def light(chat: Chat) -> None:
    """Little data from now on, at every address of this person."""
    await chat.do("changed", lambda: people.set_low_data(chat.work, chat.person.id, low_data=True))
    await chat.say("light-on")


async def full(chat: Chat) -> None:
    """Everything again, with pictures."""
    await chat.do("changed", lambda: people.set_low_data(chat.work, chat.person.id, low_data=False))
    await chat.say("light-off")


async def photos(chat: Chat) -> None:
    """`/fotos CODE`: a ticket's public files, to whoever works on it all of them; the newest where there are many."""
    if (ticket := await ask_ticket(chat)) is None:
        return None
    entries = await updates.history(chat.work, ticket.code, public_only=not await allowed(chat, "view", ticket))
    files = tuple(each for entry in entries for each in entry.media)[-MOST_FILES:]
    if not files:
        return await chat.say("no-pictures", code=show_code(ticket.code))
    chat.send_pictures()
    return await chat.say("pictures", code=show_code(ticket.code), media=files, ticket=ticket.code)
