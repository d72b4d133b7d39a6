"""Somebody whom an answer does not reach, and what her officials see of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from bot.fallback import Fallback
from bot.messages import Inbound
from storage.fallback import HELD_PATIENCE, UNKNOWN_PATIENCE
from storage.schema import address, conversation, outbox, person
from storage.work import Work
from tests.handset import Phone
from tests.machine import HOUR, Machine, texts
from tests.test_officials import BODY, report

SMS, WHATSAPP, TELEGRAM = "sms:+5491150000000", "whatsapp:+5491150000000", "telegram:1"
NUMBER = "+5491155550001"
UNREAD = 24 * HOUR
LOST = [
    {"status": "dropped", "error_class": "gone"},
    {"status": "failed", "error_class": "content"},
    {"status": "failed", "error_class": "config"},
    {"status": "unknown", "done_at": -UNKNOWN_PATIENCE - 1},
    {"status": "held", "done_at": -HELD_PATIENCE - 1},
    {"status": "sent", "receipt": "undelivered"},
    {"status": "sent", "receipt": "failed"},
    {"status": "sent", "receipt": "sent", "done_at": -UNREAD - 1},
    {"status": "sent", "receipt": "delivered", "done_at": -UNREAD - 1},
    {"status": "sent", "receipt": "", "done_at": -UNREAD - 1},
]


class Story:
    """Ana reported over one account, and her official has just answered."""

    def __init__(self, machine: Machine, account: str, language: str) -> None:
        self.machine = machine
        self.ana = machine.phone("ana" if account == TELEGRAM else NUMBER, account=account, language=language)
        self.luis = machine.phone("luis", language=language)
        self.sms: Phone | None = None
        self.code = ""

    async def begin(self, said: str = "Mañana vamos") -> None:
        """Tell the story up to the answer."""
        await self.machine.appoint(self.luis, BODY)
        self.code = await report(self.machine, self.ana)
        await self.luis.says(f"/responder {self.code} {said}")
        await self.ana.news()

    @property
    def shown(self) -> str:
        """The code as people read it."""
        return f"{self.code[:4]}-{self.code[4:]}"

    async def agree(self, number: str = "+5491155559999", language: str = "es") -> Phone:
        """Let her agree to a number of hers, proved elsewhere."""
        self.sms = self.machine.phone(number, account=SMS, language=language)
        await self.machine.work(lambda work: agree(work, self.ana, number, language))
        return self.sms

    async def ends(self, **values: Any) -> None:
        """Have the answer end so; `done_at` counts from now."""
        usual: dict[str, Any] = {"done_at": 0.0, "error_class": ""}
        values = usual | values
        if values["done_at"] is not None:
            values["done_at"] += self.machine.now
        await self.end(self.ana.account, **values)

    async def end(self, account: str, **values: Any) -> None:
        """Have what was said of the ticket on this account end so."""
        important = outbox.c.important & (outbox.c.ticket == self.code) & (outbox.c.account == account)
        async with self.machine.database.write() as connection:
            assert (await connection.execute(update(outbox).where(important).values(**values))).rowcount == 1

    async def look(self, *, unread_after: float = UNREAD, owner: str = "here") -> int:
        """Look once, and let everything happen that follows."""
        machine = self.machine
        chore = Fallback(machine.workplace(owner), unread_after=unread_after)
        found = await chore.look(machine.now)
        await machine.settle()
        return found

    async def told(self) -> tuple[list[str], list[str]]:
        """Return what came by SMS and what the official read, since the last time."""
        return texts(await self.sms.news()) if self.sms else [], texts(await self.luis.news())


async def agree(work: Work, phone: Phone, number: str, language: str) -> None:
    who = select(address.c.person_id).where(address.c.account == phone.account, address.c.external == phone.who)
    person_id = (await work.rows(who))[0].person_id
    values = {"account": SMS, "external": number, "person_id": person_id, "language": language, "created_at": 1.0}
    made = await work.rows(insert(address).values(**values, phone=number, verified_at=1.0).returning(address.c.id))
    await work.execute(insert(conversation).values(address_id=made[0].id))
    await work.execute(update(person).where(person.c.id == person_id).values(fallback_address_id=made[0].id))


async def story(machine: Machine, account: str = WHATSAPP, language: str = "es", said: str = "Mañana vamos") -> Story:
    told = Story(machine, account, language)
    await told.begin(said)
    return told


async def provider_tells(machine: Machine, phone: Phone, kind: str) -> None:
    await machine.take(Inbound(account=phone.account, key=machine.key(), address=phone.who, kind=kind))  # type: ignore[arg-type]
    await machine.settle()
