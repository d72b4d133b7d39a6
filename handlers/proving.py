"""A manager shows that it is she whom somebody invited: a code that went to another address, written where she is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.messages import Outbound
from bot.questions import Item
from handlers import notices
from handlers.rights import my_offices
from handlers.views import body_name
from routing.phones import end_of
from storage import phones, proofs, team

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.proofs import Named, Proof

_CODE = re.compile(r"(?<!\d)(\d{3})[ -]?(\d{3})(?!\d)")
# Where a code went, and what she is told of it.
SENT = {"sms": "proof-by-sms", "inviter": "proof-by-inviter", "none": "prove-by-operator", "many": "too-many-proofs"}


async def prove(chat: Chat) -> None:
    """`/verificar`: have a code sent; `/verificar 123 456`: here it is."""
    if chat.person.group:
        return await chat.say("not-in-group")
    managing = [office for office in await my_offices(chat) if office.role == "manager"]
    if not managing:
        return await chat.say("nothing-to-prove")
    if all(office.proved for office in managing) and not chat.did("tried"):
        return await chat.say("proved-already")
    if typed := _CODE.search(str(chat.args.get("rest", ""))):
        return await _hear_code(chat, "".join(typed.groups()))
    return await send_code(chat)


async def send_code(chat: Chat) -> None:
    """Send a fresh code to the address that her invitation names, and tell her where it went."""
    went, end = await chat.do("sent", lambda: _send_code(chat))
    await chat.say(SENT[went], end=end)


async def _hear_code(chat: Chat, code: str) -> None:
    found = await chat.do("tried", lambda: _try_code(chat, code))
    if found["verdict"] != "proved":
        return await chat.say("proof-spent" if found["verdict"] == "spent" else "proof-wrong")
    return await chat.say("told-proved", options=(Item("/team", chat.text("team-button"), "👥"),))


async def told_proof(chat: Chat) -> None:
    """Who invited a manager gets her code, and passes it on to whom she knows."""
    token = str(chat.args["token"])
    who = str(chat.args.get("who", "")) or chat.text("somebody")
    await chat.say(
        "told-proof", who=who, token=f"{token[:3]} {token[3:]}", body=body_name(chat, str(chat.args["body"]))
    )


async def told_new_manager(chat: Chat) -> None:
    """Somebody else may look after the team from now on: whoever does so already should know."""
    who = str(chat.args.get("who", "")) or chat.text("somebody")
    await chat.say("told-new-manager", who=who, body=body_name(chat, str(chat.args["body"])))


async def _send_code(chat: Chat) -> tuple[str, str]:
    """(where it went, the end of the telephone if it went there)."""
    bodies = [office.body for office in await my_offices(chat) if office.role == "manager"]
    named = await proofs.named_by(chat.work, chat.person.id, bodies)
    by_sms = _by_sms(chat, named)
    if not by_sms and named.address_id is None:
        return "none", ""
    if not await proofs.may_send(chat.work, chat.person.address_id):
        return "many", ""
    code = chat.work.new_digits(proofs.DIGITS)
    to = await _post_sms(chat, named.phone, code, bodies[0]) if by_sms else _tell_inviter(chat, named, code, bodies[0])
    await proofs.send(chat.work, chat.person.id, chat.person.address_id, _hash(chat, code), to)
    return ("sms", end_of(named.phone)) if by_sms else ("inviter", "")


def _by_sms(chat: Chat, named: Named) -> bool:
    """True where a telephone was named that is another address than this one."""
    here = chat.person.account.startswith("sms:") and chat.person.external == named.phone
    return bool(chat.sms and named.phone and not here)


async def _post_sms(chat: Chat, phone: str, code: str, body: str) -> int:
    work, here = chat.work, chat.person.address_id
    line = await phones.line_of(work, chat.sms, phone, chat.language)
    work.post(
        account=chat.sms,
        lane=phones.code_lane(here),
        kind="message",
        payload=Outbound(
            text=chat.words.text("proof-code", "sms", code=code, body=body_name(chat, body)), language=chat.language
        ),
        effect_key=f"proof:{work.cause}:{here}",
        address_id=line.address_id,
        expires_at=work.now + proofs.CODE_VALID,
    )
    phones.forget_code_later(work, here)
    return line.address_id


def _tell_inviter(chat: Chat, named: Named, code: str, body: str) -> int:
    to = named.address_id or 0
    key = f"proof:{chat.work.cause}:{chat.person.address_id}"
    notices.tell_at_once(chat.work, to, "told-proof", key, token=code, who=named.who, body=body)
    return to


async def _try_code(chat: Chat, code: str) -> Proof:
    here = chat.person.address_id
    found = await proofs.try_code(chat.work, chat.person.id, here, _hash(chat, code))
    if found.verdict == "proved":
        await phones.forget_code(chat.work, here)
        await _tell_managers(chat, found)
    return found


async def _tell_managers(chat: Chat, found: Proof) -> None:
    every = await team.members(chat.work, found.bodies)
    who = next((each.name for each in every if each.person_id == chat.person.id), "")
    for each in every:
        if each.role == "manager" and each.proved and each.person_id != chat.person.id:
            key = f"manager:{each.id}:{chat.person.address_id}:{chat.work.cause}"
            notices.tell(chat.work, each.address_id, "told-new-manager", "", 0, key=key, body=each.body, who=who)


def _hash(chat: Chat, code: str) -> str:
    """Good for this chat only."""
    return chat.keyed_hash(f"second-proof:{chat.person.address_id}:{code}")
