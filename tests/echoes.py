"""A conversation that says again what it heard, and an intake that is ready to take."""

from __future__ import annotations

from bot.conversation import Chat
from bot.questions import Words
from tests.handset import Phone
from tests.machine import Machine

APOLOGY = "algo me falló a mí"


async def echo(chat: Chat) -> None:
    """Say every word back, for ever."""
    said: list[str] = []
    while len(said) < 100:
        said.append(await chat.ask(f"n{len(said)}", Words("ask-code")))
        await chat.say("category-notice", name=f"s{len(said)}", notice=said[-1])


def echoes(phone: Phone) -> list[str]:
    return [out.text for out in phone.heard if "código" not in out.text]


async def ready(machine: Machine, *names: str) -> list[Phone]:
    phones = [machine.phone(name) for name in names]
    for phone in phones:
        await phone.says("hola")
    return phones
