"""What a person decides about the bot itself: beginning, help, language, stopping, being forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.choices import Choice, YesNo
from bot.questions import Item
from handlers import leaving, notices
from handlers.rights import allowed, my_offices
from handlers.team import join
from handlers.views import body_name
from locales import LANGUAGES, catalog, fold
from storage import blocks, erasing, joinings, people
from storage.codes import read_code

if TYPE_CHECKING:
    from bot.conversation import Chat

INVITE = "invite-"


async def start(chat: Chat) -> None:
    """`/start`, perhaps with what a deep link carries: an invitation, a ticket's code."""
    payload = str(chat.args.get("rest", ""))
    if payload.lower().startswith(INVITE):
        await join(chat, payload[len(INVITE) :])
        return
    if read_code(payload):
        chat.become("status", code=payload)
    chat.become("inbox" if await my_offices(chat) else "report")


async def invite(chat: Chat) -> None:
    """`/invitacion CODE`: the same without a deep link."""
    await join(chat, str(chat.args.get("rest", "")))


async def say_help(chat: Chat) -> None:
    """What can be done here by whoever asks, and nothing that is not hers to do."""
    await chat.say("help", city=chat.pack.name(chat.language))
    if await my_offices(chat):
        await chat.say("help-official")
    if await allowed(chat, "assign"):
        await chat.say("help-dispatcher")
    if await allowed(chat, "team"):
        await chat.say("help-manager")


async def language(chat: Chat) -> None:
    """Speak another language from now on."""
    offered = tuple(Item(code, name) for code, name in LANGUAGES.items())
    named = _language_named(str(chat.args.get("rest", "")))
    chosen = named or await chat.ask("language", Choice(offered, recognise=_language_named))
    await chat.do("changed", lambda: people.set_language(chat.work, chat.person.address_id, chosen))
    chat.speak(chosen)
    if not chat.alone:
        return await chat.say("language-changed")
    chat.remark("language-changed")
    return await chat.say("how-to-begin")


async def stop(chat: Chat) -> None:
    """No more messages until she writes again."""
    await chat.do("stopped", lambda: people.opt_out(chat.work, chat.person.address_id, "person"))
    await chat.say("stopped-telling")
    chat.fall_silent()


async def delete(chat: Chat) -> None:
    """Erase what we know of this person; tickets stay as public facts, without her.

    An official leaves her teams with it; who alone looks after one finds somebody to follow her first.
    """
    if not chat.did("erase") and (body := await leaving.body_without(chat)):
        return await chat.say("last-manager", body=body_name(chat, body))
    if not await chat.ask("sure", YesNo("ask-delete")):
        return await chat.say("not-deleted")
    await chat.do("erase", lambda: _erase(chat))
    chat.forget_everything_else()
    return await chat.say("deleted")


async def _erase(chat: Chat) -> None:
    await blocks.outlive(chat.work, chat.person.id, chat.keyed_hash)
    await joinings.forget(chat.work, chat.person)
    left = await leaving.part_from_all(chat)
    await erasing.erase_person(chat.work, chat.person)
    for each in left:
        # Her other addresses are gone; what is still to be done there goes with the last one.
        leaving.take_menu_away(chat.work, replace(each, address_id=chat.person.address_id))
    notices.forget_address_later(chat)


async def thanks(chat: Chat) -> None:
    """ "Gracias", and no new report for it."""
    await chat.say("you-are-welcome")


async def unknown(chat: Chat) -> None:
    """A slash and a word that is no command."""
    await chat.say("unknown-command")


def _language_named(text: str) -> str | None:
    folded = fold(text)
    return next((code for code in LANGUAGES if folded in catalog(code).own_names), None)
