"""Somebody with a Telegram chat and a phone, and how she proves that the number is hers."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from storage.schema import address, supporter
from tests.handset import Phone
from tests.machine import CONGRESS, NOON, Lots, Machine, lonely_pack, texts

SMS = "sms:+5491150000000"
WHATSAPP = "whatsapp:+5491150000000"
TELEGRAM = "telegram:1"
NUMBER = "+5491155551234"
TYPED = "11 5555-1234"
BODY = "comuna-3"


def sms_machine(url: str, now: float = NOON, lots: Lots | None = None) -> Machine:
    """A machine that can send SMS, in the short words of the channel."""
    pack = lonely_pack()
    return Machine(url, sms=SMS, variant=lambda account: "sms" if account == SMS else "", now=now, lots=lots, pack=pack)


def telegram(machine: Machine, who: str = "77") -> Phone:
    return machine.phone(who, account=TELEGRAM)


def sms(machine: Machine, number: str = NUMBER) -> Phone:
    return machine.phone(number, account=SMS)


async def code_at(machine: Machine, number: str = NUMBER) -> str:
    """The newest code on that phone."""
    said = texts(await sms(machine, number).everything())
    codes = [found[1] for text in said if (found := re.match(r"(\d{6}) ", text))]
    return codes[-1]


async def prove(machine: Machine, phone: Phone, number: str = NUMBER, fallback: str = "no") -> list[str]:
    """Prove a number by typing it and the code that came to it."""
    await phone.says("teléfono")
    await phone.says(number)
    said = await phone.says(await code_at(machine, number))
    return texts([*said, *await phone.says(fallback)])


async def report(phone: Phone, words: str = "hay un bache enorme en la esquina") -> str:
    """Report something and return its code."""
    await phone.says(words)
    await finish(phone)
    return phone.last.ticket


async def finish(phone: Phone) -> None:
    """Say where it is, and send it where that is asked: by SMS one message is enough."""
    await phone.sends(place=CONGRESS)
    if any("Enviar" in option.label for option in phone.last.options):
        await phone.taps("Enviar")


async def reports(phone: Phone) -> str:
    """What she is shown as her reports."""
    return (await phone.says("mis reclamos"))[-1].text


async def owner(machine: Machine, phone: Phone) -> int:
    where = (address.c.account == phone.account, address.c.external == phone.who)
    return int(await machine.one(select(address.c.person_id).where(*where)))


async def address_row(machine: Machine, phone: Phone) -> Any:
    where = (address.c.account == phone.account, address.c.external == phone.who)
    return (await machine.rows(select(address).where(*where)))[0]


async def support(machine: Machine, code: str, phone: Phone) -> None:
    """Join a ticket."""
    row = await phone.row()
    values = {"ticket": code, "person_id": await owner(machine, phone), "address_id": row.address_id}
    await machine.work(lambda work: work.add(supporter, **values, joined_at=machine.now))
