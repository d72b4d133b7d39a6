"""Conversations about colours: a few questions, short enough to hold in the head."""

from __future__ import annotations

from typing import Any

from bot.choices import Choice
from bot.conversation import Chat
from bot.questions import Item, Words

COLOURS = (Item("r", "Rojo"), Item("v", "Verde"), Item("a", "Azul"))


def colour(**values: Any) -> Choice:
    return Choice(COLOURS, "ask-category", **values)


def words(**values: Any) -> Words:
    return Words("ask-code", **values)


async def tell(chat: Chat, result: object, name: str = "") -> None:
    """Say anything as it is: the message's only value."""
    await chat.say("category-notice", name=name, notice=result)
