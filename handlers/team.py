"""A body's team: how somebody becomes one of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Item
from handlers.views import body_name
from storage import officials, people

if TYPE_CHECKING:
    from bot.conversation import Chat

MOST_NAMED = 3


async def join(chat: Chat, code: str) -> None:
    """Use an invitation: in a private chat for oneself, in a group for everybody in it."""
    used = await chat.do("invited", lambda: _use_invite(chat, code))
    if not used:
        return await chat.say("invite-unknown")
    bodies = ", ".join(body_name(chat, body) for body in used[:MOST_NAMED])
    if len(used) > MOST_NAMED:
        bodies = chat.text("and-more", names=bodies, n=len(used) - MOST_NAMED)
    await chat.do("menu", lambda: _show_menu(chat))
    return await chat.say("invite-welcome", bodies=bodies, options=(Item("/inbox", chat.text("inbox"), "📥"),))


def _show_menu(chat: Chat) -> None:
    """Have the messenger show an official's commands in this chat, where it can."""
    chat.work.post(
        account="errands",
        lane=f"menu:{chat.person.address_id}",
        kind="errand",
        payload={"do": "menu", "account": chat.person.account, "chat": chat.person.chat, "language": chat.language},
        effect_key=f"menu:{chat.work.cause}",
        address_id=chat.person.address_id,
    )


async def _use_invite(chat: Chat, code: str) -> list[str]:
    used = await officials.use_invite(chat.work, code)
    if used is None:
        return []
    person_id, address_id = chat.person.id, chat.person.address_id
    if chat.person.group:
        # The group itself becomes the office: whoever its admins let in may act for the body, there and only there.
        address_id, person_id = await people.make_chat_address(
            chat.work, chat.person.account, chat.person.chat, chat.language
        )
    await officials.appoint(chat.work, person_id, address_id, used.bodies, used.role, used.name)
    return used.bodies
