"""Find the ticket that somebody means by a code, mistyped ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Item, Words
from storage import tickets
from storage.codes import normal_code, read_code, show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


def split_code(rest: str) -> tuple[str, str]:
    """(code as typed, what follows it) of a command's rest: "K7Q4-2MX en obra", "k7q4 2mx en obra"."""
    words = rest.split()
    for count in (1, 2):
        typed = " ".join(words[:count])
        if words and normal_code(typed):
            return typed, rest.strip()[len(typed) :].strip() if count == 1 else " ".join(words[count:])
    return (words[0], " ".join(words[1:])) if words else ("", "")


async def ask_ticket(chat: Chat) -> Ticket | None:
    """The ticket of `args["code"]` or of the command's rest; asked for when there is none. None: said why."""
    typed = str(chat.args.get("code", "")) or split_code(str(chat.args.get("rest", "")))[0]
    if not typed:
        typed = await chat.ask("code", Words("ask-code", most=40))
    if code := read_code(typed):
        if ticket := await tickets.by_code(chat.work, code):
            return ticket
        await chat.say("code-unknown", code=show_code(code))
        return None
    await _did_you_mean(chat, typed)
    return None


async def _did_you_mean(chat: Chat, typed: str) -> None:
    near = await tickets.similar(chat.work, normal) if (normal := normal_code(typed)) else []
    if not near:
        return await chat.say("code-wrong", typed=typed[:20])
    command = str(chat.args.get("command", "status"))
    options = tuple(Item(f"/{command} {code}", show_code(code)) for code in near)
    return await chat.say("code-did-you-mean", typed=typed[:20], codes=", ".join(map(show_code, near)), options=options)
