"""A manager shows by a second address of hers that it is she; her rights begin with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.questions import Item
from handlers import notices
from handlers.rights import my_offices
from handlers.views import body_name
from storage import proofs, team

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.proofs import Proof

_CODE = re.compile(r"(?<!\d)(\d{3})[ -]?(\d{3})(?!\d)")


async def prove(chat: Chat) -> None:
    """`/verificar`: show a code; `/verificar 123 456` from another address: it is she."""
    typed = _CODE.search(str(chat.args.get("rest", "")))
    if chat.person.group:
        return await chat.say("not-in-group")
    if typed:
        return await _hear_code(chat, "".join(typed.groups()))
    managing = [office for office in await my_offices(chat) if office.role == "manager"]
    if not managing:
        return await chat.say("nothing-to-prove")
    if all(office.proved for office in managing):
        return await chat.say("proved-already")
    return await show_code(chat)


async def show_code(chat: Chat) -> None:
    """Show a fresh code, and from where it may be written."""
    token = await chat.do("shown", lambda: _make_code(chat))
    if not token:
        return await chat.say("too-many-proofs")
    here = chat.person.account.partition(":")[0]
    ways = "".join(f"\n{way}" for kind, way in chat.ways(f"proof-{token}") if kind != here)
    return await chat.say("prove-with" if ways else "prove-by-operator", token=f"{token[:3]} {token[3:]}", ways=ways)


async def _hear_code(chat: Chat, code: str) -> None:
    found = await chat.do("tried", lambda: _try_code(chat, code))
    if found["verdict"] == "same":
        return await chat.say("prove-elsewhere")
    if found["verdict"] != "proved":
        return await chat.say("proof-spent" if found["verdict"] == "spent" else "proof-wrong")
    return await chat.say("proved-from-here")


async def told_proved(chat: Chat) -> None:
    """Her code arrived from another address: her rights have begun."""
    await chat.say("told-proved", options=(Item("/team", chat.text("team-button"), "👥"),))


async def told_new_manager(chat: Chat) -> None:
    """Somebody else may look after the team from now on: whoever does so already should know."""
    await chat.say("told-new-manager", body=body_name(chat, str(chat.args["body"])))


async def _make_code(chat: Chat) -> str:
    address_id = chat.person.address_id
    if not await proofs.may_show(chat.work, address_id):
        return ""
    code = chat.work.new_digits(proofs.DIGITS)
    await proofs.show(chat.work, chat.person.id, address_id, _hash(chat, code))
    return code


async def _try_code(chat: Chat, code: str) -> Proof:
    found = await proofs.try_code(chat.work, chat.person.id, chat.person.address_id, _hash(chat, code))
    if found.verdict == "proved":
        key = f"proved:{found.address_id}:{chat.work.cause}"
        notices.tell(chat.work, found.address_id, "told-proved", "", 0, key=key)
        await _tell_managers(chat, found)
    return found


async def _tell_managers(chat: Chat, found: Proof) -> None:
    for each in await team.members(chat.work, found.bodies):
        if each.role == "manager" and each.proved and each.person_id != found.person_id:
            key = f"manager:{each.id}:{found.address_id}:{chat.work.cause}"
            notices.tell(chat.work, each.address_id, "told-new-manager", "", 0, key=key, body=each.body)


def _hash(chat: Chat, code: str) -> str:
    return chat.keyed_hash(f"second-proof:{code}")
