"""A phone number is given and proved, and the chats of whoever has it become one person's; or part again."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from bot.answers import Found, Pocket, Said, Took, Unclear
from bot.choices import YesNo
from bot.messages import Contact, Outbound
from bot.questions import Item, Question
from locales import fold
from routing.phones import end_of, read_phone
from storage import joinings, phones

if TYPE_CHECKING:
    from bot.conversation import Chat
    from locales import Catalog
    from storage.joinings import Sibling

# Codes that one talk may ask for; storage/phones.py bounds them for an address and for a number.
MOST_CODES = 3
CHANNELS = {
    "telegram": "channel-telegram",
    "whatsapp": "channel-whatsapp",
    "sms": "channel-sms",
    "browser": "channel-browser",
}
_CODE = re.compile(r"(?<!\d)(\d{3})[ -]?(\d{3})(?!\d)")


async def phone(chat: Chat) -> None:
    """`/telefono`: prove a number, perhaps join the chats that have it, perhaps hear by SMS when this chat fails."""
    if chat.person.group:
        return await chat.say("phone-in-private")
    if _is_sms(chat):
        return await chat.say("phone-is-this", end=end_of(chat.person.external))
    contact: Contact = await chat.ask("phone", AskPhone("ask-phone", country=chat.pack.info.country))
    end = end_of(contact.phone)
    if contact.own:
        await chat.do("shared", lambda: phones.set_proved(chat.work, chat.person.address_id, contact.phone))
        if not chat.sms:
            return await chat.say("phone-proved", end=end)
        # Asked of everybody, whether there is anything to join or not: the question tells nothing about the number.
        if not await chat.ask("join", YesNo("ask-join", end=end)):
            return await _ask_fallback(chat, contact.phone)
    if not chat.sms:
        return await chat.say("phone-needs-sms")
    if await _prove(chat, contact.phone):
        others = await chat.do("joined", lambda: _join(chat, contact.phone))
        chat.remark("phone-joined" if others else "phone-proved", end=end)
        return await _ask_fallback(chat, contact.phone)
    return None


async def separate(chat: Chat) -> None:
    """`/separar`: this chat is on its own again, with what was reported over it."""
    if chat.person.group:
        return await chat.say("phone-in-private")
    parted = await chat.do("parted", lambda: _separate(chat))
    return await chat.say("separated" if parted else "not-joined")


async def told_joined(chat: Chat) -> None:
    """Somebody proved the number of this chat: she should know, whoever it was."""
    await chat.say("told-joined", where=channel_name(chat, str(chat.args["account"])))


async def told_separated(chat: Chat) -> None:
    """A chat of hers left, or was taken from her with the number."""
    await chat.say("told-separated", where=channel_name(chat, str(chat.args["account"])))


def channel_name(chat: Chat, account: str) -> str:
    """What people call a channel: "Telegram", "SMS"."""
    kind = account.partition(":")[0]
    return chat.text(CHANNELS[kind]) if kind in CHANNELS else chat.text("channel-other")


async def _prove(chat: Chat, number: str) -> bool:
    """Send a code there and hear it back; False when that came to nothing, and was said."""
    for nth in range(1, MOST_CODES + 1):
        one = chat.part(f"code-{nth}")
        if not await one.do("sent", lambda: _send_code(chat, number)):
            await one.say("too-many-codes", end=end_of(number))
            return False
        said = await _hear_code(one, number)
        if said != "again":
            return said == "proved"
    await chat.say("too-many-codes", end=end_of(number))
    return False


async def _hear_code(chat: Chat, number: str) -> str:
    """What came of one code: "proved", "again" (another one is wanted) or "ended"."""
    for nth in range(1, phones.MOST_TRIES + 1):
        one = chat.part(f"try-{nth}")
        typed = await one.ask(
            "code", AskCode("ask-phone-code" if nth == 1 else "ask-phone-code-again", end=end_of(number))
        )
        if typed == "again":
            return "again"
        verdict = await one.do("verdict", partial(_try_code, chat, number, typed))
        if verdict == "proved":
            return "proved"
        if verdict != "wrong":
            await one.say("code-expired" if verdict == "expired" else "code-spent")
            return "ended"
    return "ended"


def secret(chat: Chat, number: str, code: str) -> str:
    """What is hashed of a code: it is good for this chat and this number only."""
    return f"{chat.person.address_id}:{number}:{code}"


async def _try_code(chat: Chat, number: str, code: str) -> str:
    hashed = chat.keyed_hash(secret(chat, number, code))
    verdict = await phones.try_code(chat.work, chat.person.address_id, number, hashed)
    if verdict != "wrong":
        await phones.forget_code(chat.work, chat.person.address_id)
    return verdict


async def _send_code(chat: Chat, number: str) -> bool:
    """Put a fresh code into the outbox, to the number's own address; False when there were too many."""
    work, address_id = chat.work, chat.person.address_id
    line = await phones.line_of(work, chat.sms, number, chat.language)
    if not await phones.may_send(work, address_id, number):
        return False
    code = work.new_digits(phones.DIGITS)
    await phones.add_proof(work, address_id, number, chat.keyed_hash(secret(chat, number, code)))
    work.post(
        account=chat.sms,
        lane=phones.code_lane(address_id),
        kind="message",
        payload=Outbound(text=chat.words.text("phone-code", "sms", code=code), language=chat.language),
        effect_key=f"code:{work.cause}:{address_id}",
        address_id=line.address_id,
        expires_at=work.now + phones.CODE_VALID,
    )
    phones.forget_code_later(work, address_id)
    return True


async def _join(chat: Chat, number: str) -> int:
    """Make one person of everybody who proved the number; how many other chats she has now."""
    work = chat.work
    line = await phones.line_of(work, chat.sms, number, chat.language)
    await phones.set_proved(work, chat.person.address_id, number)
    await phones.set_proved(work, line.address_id, number)
    joined, left = await joinings.join(work, chat.person, line)
    for each in joined:
        _tell(chat, each, "told-joined")
    for each in left:
        _tell(chat, each, "told-separated")
    return len(await joinings.siblings(work, chat.person))


async def _separate(chat: Chat) -> int:
    parted = await joinings.separate(chat.work, chat.person)
    for each in parted:
        _tell(chat, each, "told-separated")
    return len(parted)


async def _ask_fallback(chat: Chat, number: str) -> None:
    """Whether what matters may go there by SMS when this chat fails."""
    agreed = await chat.ask("fallback", YesNo("ask-fallback", end=end_of(number)))
    await chat.do("fallback-set", lambda: _set_fallback(chat, number, agreed=agreed))
    await chat.say("fallback-on" if agreed else "fallback-off", end=end_of(number))


async def _set_fallback(chat: Chat, number: str, *, agreed: bool) -> None:
    line = await phones.line_of(chat.work, chat.sms, number, chat.language) if agreed else None
    await phones.set_fallback(chat.work, chat.person.id, line.address_id if line else None)


def _is_sms(chat: Chat) -> bool:
    return chat.person.account.startswith("sms:")


def _tell(chat: Chat, other: Sibling, name: str) -> None:
    chat.work.post(
        account="local",
        lane=f"identity:{other.address_id}",
        kind="notice",
        payload={"name": name, "data": {"account": chat.person.account}},
        effect_key=f"{name}:{chat.work.cause}:{other.address_id}",
        address_id=other.address_id,
    )


class AskPhone(Question):
    """A phone number: shared with the messenger's button, which may prove it, or typed as it is dialled."""

    type = Contact
    wants = "contact"

    def __init__(self, text: str, *, country: str) -> None:
        super().__init__(text)
        self.country = country

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return (Item("@contact", words.text("share-contact")),)

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        if said.contact:
            known = self._shared(said.contact)
            return Took(known, frozenset({"contact"})) if known else Unclear("unclear-phone")
        number = read_phone(said.text.strip(), self.country)
        return Took(Contact(number), frozenset({"text"})) if number else Unclear("unclear-phone")

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        known = self._shared(pocket.contact) if pocket.contact and pocket.contact.own else None
        return Found(known, Pocket(words=pocket.words, place=pocket.place, media=pocket.media)) if known else None

    def _shared(self, contact: Contact) -> Contact | None:
        # Telegram leaves the plus away.
        number = read_phone(f"+{contact.phone.lstrip('+')}", self.country) or read_phone(contact.phone, self.country)
        return Contact(number, contact.own) if number else None


class AskCode(Question):
    """The code that came by SMS, however it is spaced; or the wish for another one ("again")."""

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return (Item("again", words.text("another-code")),)

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        typed = said.text.strip()
        if said.tapped == "again" or typed == "1" or fold(typed) == fold(words.text("another-code")):
            return Took("again", frozenset({"text"}))
        found = _CODE.search(typed)
        return Took("".join(found.groups()), frozenset({"text"})) if found else Unclear("unclear-code")
