"""What must reach her and does not: once by SMS if she agreed, else her officials learn that nobody could tell her."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from bot.fallback import MOST_TOGETHER, Fallback
from bot.messages import Inbound
from storage.fallback import HELD_PATIENCE, SETTLED_AFTER, UNKNOWN_PATIENCE, lost_statement
from storage.schema import address, conversation, lease, outbox, person
from storage.work import Work
from tests.machine import HOUR, Machine, Phone, texts
from tests.test_officials import BODY, report

SMS, WHATSAPP, TELEGRAM = "sms:+5491150000000", "whatsapp:+5491150000000", "telegram:1"
NUMBER = "+5491155550001"
UNREAD = 24 * HOUR
# GSM-7 in two segments: each holds 153 characters beside its header (3GPP TS 23.040).
TWO_SEGMENTS = 306
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
WELL = [
    {"status": "pending", "done_at": None},
    {"status": "sending", "done_at": None},
    {"status": "sent", "receipt": "read", "done_at": -UNREAD - 1},
    {"status": "sent", "receipt": "delivered", "done_at": -UNREAD + 60},
    {"status": "sent", "receipt": "", "done_at": -60},
    {"status": "unknown", "done_at": -UNKNOWN_PATIENCE + 60},
    {"status": "held", "done_at": -HELD_PATIENCE + 60},
    {"status": "dropped", "error_class": "stale"},
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
        await self.machine.work(lambda work: _agree(work, self.ana, number, language))
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
        chore = Fallback(
            machine.database,
            lambda connection: Work(connection, machine.now, machine.lots.code, machine.lots.id),
            owner,
            machine.woken.update,
            unread_after=unread_after,
        )
        found = await chore.look(machine.now)
        await machine.settle()
        return found

    async def told(self) -> tuple[list[str], list[str]]:
        """Return what came by SMS and what the official read, since the last time."""
        return texts(await self.sms.news()) if self.sms else [], texts(await self.luis.news())


async def _agree(work: Work, phone: Phone, number: str, language: str) -> None:
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


@pytest.mark.parametrize("end", LOST, ids=str)
async def test_what_did_not_reach_her_goes_by_sms_once_if_she_agreed(end: dict[str, Any], database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(**end)
        assert await here.look() == 1
        sms, official = await here.told()
        assert [here.shown in each and "Mañana vamos" in each for each in sms] == [True]
        assert official == []
        await here.ends(**end)
        assert await here.look() == 0
        assert await here.told() == ([], [])
        assert await machine.count(outbox, outbox.c.effect_key.startswith("fallback:")) == 1


@pytest.mark.parametrize("end", WELL, ids=str)
async def test_what_may_still_reach_her_is_left_alone(end: dict[str, Any], database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(**end)
        assert await here.look() == 0
        assert await here.told() == ([], [])


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (LOST[0], "bloqueó el bot."),
        (LOST[1], "el mensaje no le llegó."),
        (LOST[3], "no sé si el mensaje le llegó."),
        (LOST[4], "hasta que escriba"),
        (LOST[5], "el mensaje no le llegó."),
        (LOST[7], "todavía no llegó a su teléfono."),
        ({"status": "dropped", "error_class": "opted-out"}, "pidió no recibir mensajes."),
    ],
    ids=str,
)
async def test_without_a_number_the_officials_are_told_once_and_never_who_she_is(
    end: dict[str, Any], why: str, database_url: str
) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        eva = machine.phone("eva")
        await machine.appoint(eva, BODY)
        await eva.news()
        await here.ends(**end)
        await here.look()
        (said,) = (await here.told())[1]
        assert f"No pude avisarle a quien reportó {here.shown}: " in said
        assert why in said
        assert said.endswith("El reclamo sigue igual.")
        assert NUMBER not in said
        assert texts(await eva.news()) == [said]
        await machine.work(lambda work: _again(work, here.code))
        assert await here.look() == 1
        assert await here.told() == ([], [])


async def _again(work: Work, code: str) -> None:
    await work.execute(update(outbox).where(outbox.c.important, outbox.c.ticket == code).values(fallback_at=None))


async def test_what_her_phone_has_but_does_not_show_as_read_is_no_news_for_officials(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        await here.ends(status="sent", receipt="delivered", done_at=-UNREAD - 1)
        assert await here.look() == 1
        assert await here.told() == ([], [])


async def test_reading_is_waited_for_as_long_as_the_settings_say_and_only_where_it_is_reported(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(status="sent", receipt="sent", done_at=-2 * HOUR)
        assert await here.look(unread_after=0.0) == 0
        assert await here.look(unread_after=1 * HOUR) == 1


async def test_where_reading_is_not_reported_what_was_sent_is_left_alone_for_ever(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.agree()
        await here.ends(status="sent", done_at=-SETTLED_AFTER - UNREAD - 1)
        assert await here.look() == 0
        assert await machine.count(outbox, outbox.c.important, outbox.c.fallback_at.is_(None)) == 0


async def test_who_has_blocked_us_before_the_answer_is_reached_by_sms_all_the_same(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.agree()
        await here.ends(status="sent")
        await _provider_tells(machine, here.ana, "blocked")
        (said,) = await here.luis.says(f"/estado {here.code} en obra")
        assert "Ya le avisé" in said.text
        machine.now += 60
        assert await here.look() == 1
        sms, official = await here.told()
        assert [f"novedades de {here.shown}: En obra." in each for each in sms] == [True]
        assert official == []
        assert await here.ana.news() == []


async def test_who_has_blocked_us_and_agreed_to_no_number_is_known_at_once_to_be_out_of_reach(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.ends(status="sent")
        await _provider_tells(machine, here.ana, "blocked")
        for typed in (f"/estado {here.code} en obra", f"/responder {here.code} Listo", f"/responder {here.code} ¿Sí?"):
            (said,) = await here.luis.says(typed)
            assert said.text.endswith("A quien reportó no le pude avisar: bloqueó el bot.")
            assert "mandé" not in said.text
        machine.now += 60
        assert await here.look() == 0
        assert await here.told() == ([], [])


async def test_who_had_herself_erased_is_known_to_be_out_of_reach(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.ana.says("borrar mis datos")
        await here.ana.says("si")
        (said,) = await here.luis.says(f"/responder {here.code} Listo")
        assert said.text.endswith("A quien reportó no le puedo avisar: borró sus datos.")


async def _provider_tells(machine: Machine, phone: Phone, kind: str) -> None:
    await machine.take(Inbound(account=phone.account, key=machine.key(), address=phone.who, kind=kind))  # type: ignore[arg-type]
    await machine.settle()


async def test_who_asked_for_silence_is_not_written_to_at_her_number_either(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(status="dropped", error_class="opted_out")
        await here.look()
        sms, official = await here.told()
        assert sms == []
        assert ["pidió no recibir mensajes" in each for each in official] == [True]


async def test_a_number_that_was_told_to_stop_is_not_used(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        await _provider_tells(machine, sms, "opted_out")
        await here.ends(status="failed")
        await here.look()
        assert [len(said) for said in await here.told()] == [0, 1]


async def test_a_stop_between_the_look_and_the_sms_wins(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        await here.ends(status="failed")
        chore = Fallback(
            machine.database,
            lambda connection: Work(connection, machine.now, machine.lots.code, machine.lots.id),
            "here",
            machine.woken.update,
            unread_after=UNREAD,
        )
        assert await chore.look(machine.now) == 1
        await _provider_tells(machine, sms, "opted_out")
        await machine.settle()
        assert await here.look() == 1
        sms_said, official = await here.told()
        assert (sms_said, len(official)) == ([], 1), "and her officials learn it"
        assert await here.look() == 0


@pytest.mark.parametrize("joined", [True, False])
async def test_when_the_sms_does_not_arrive_either_the_officials_are_told_and_no_other_sms_is_sent(
    joined: bool, database_url: str
) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        if not joined:
            await machine.work(lambda work: _vouched_only(work, here.ana, sms))
            # Who has the number now agreed to another one, for reports of her own.
            await machine.work(lambda work: _agree(work, sms, "+5491155558888", "es"))
        await here.ends(status="failed")
        await here.look()
        assert [len(said) for said in await here.told()] == [1, 0]
        await here.end(SMS, status="sent", receipt="undelivered", done_at=machine.now)
        assert await here.look() == 1
        assert [len(said) for said in await here.told()] == [0, 1]
        assert await here.look() == 0
        assert await machine.count(outbox, outbox.c.effect_key.startswith("fallback:")) == 1


async def test_the_number_she_reported_from_is_no_other_way(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, SMS)
        await machine.work(lambda work: _agree_to_own(work, here.ana))
        await here.ends(status="sent", receipt="undelivered")
        await here.look()
        assert await here.ana.news() == []
        assert [len(said) for said in await here.told()] == [0, 1]


async def _vouched_only(work: Work, ana: Phone, sms: Phone) -> None:
    """Her messenger said that the number is hers; nobody has written from there, so that it is nobody's chat yet."""
    stranger = (await work.rows(insert(person).values(created_at=1.0).returning(person.c.id)))[0].id
    await work.execute(update(address).where(address.c.external == sms.who).values(person_id=stranger))
    hers = update(address).where(address.c.account == ana.account, address.c.external == ana.who)
    await work.execute(hers.values(phone=sms.who, verified_at=1.0))


async def _agree_to_own(work: Work, phone: Phone) -> None:
    hers = select(address.c.id, address.c.person_id).where(address.c.external == phone.who)
    row = (await work.rows(hers))[0]
    await work.execute(update(person).where(person.c.id == row.person_id).values(fallback_address_id=row.id))


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_the_sms_is_in_her_language_and_fits_two_segments_however_long_the_answer(
    language: str, sqlite_url: str
) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, said="palabra " * 150)
        sms = await here.agree(language=language)
        await here.ends(status="failed")
        await here.look()
        (said,) = await sms.news()
        assert here.shown in said.text
        assert {"es": "novedades", "pt": "novidades", "en": "news"}[language] in said.text
        assert len(said.text) <= TWO_SEGMENTS - 40
        assert not said.media


async def test_a_second_answer_is_another_step_and_another_sms(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(status="failed")
        await here.look()
        await here.told()
        machine.now += 60
        await here.luis.says(f"/estado {here.code} en obra")
        async with machine.database.write() as connection:
            new = update(outbox).where(outbox.c.important, outbox.c.status == "pending")
            await connection.execute(new.values(status="failed", done_at=machine.now))
        await here.look()
        assert ["En obra" in each for each in (await here.told())[0]] == [True]


async def test_only_one_process_looks(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        assert await here.look(owner="there") == 0
        await here.ends(status="failed")
        assert await here.look(owner="here") == 0
        assert await here.look(owner="there") == 1
        assert await machine.count(lease, lease.c.name == "fallback") == 1


async def test_more_than_one_piece_is_seen_to_in_one_look(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        usual = {
            "account": WHATSAPP,
            "lane": "x",
            "seq": 1,
            "kind": "message",
            "payload": "",
            "important": True,
            "due_at": 0.0,
            "created_at": 1.0,
            "done_at": machine.now,
        }
        rows = [usual | {"effect_key": f"x{n}", "status": "failed" if n % 2 else "sent", "receipt": "read"}
                for n in range(2 * MOST_TOGETHER + 10)]  # fmt: skip
        async with machine.database.write() as connection:
            await connection.execute(insert(outbox), rows)
        assert await here.look() == MOST_TOGETHER + 5
        assert await machine.count(outbox, outbox.c.important, outbox.c.fallback_at.is_(None)) == 1
        assert machine.woken == {"local"} | machine.woken


async def test_the_look_walks_an_index_that_holds_only_what_is_open(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        statement = lost_statement(machine.now, UNREAD, 10)
        compiled = statement.compile(machine.database.engine.sync_engine, compile_kwargs={"literal_binds": True})
        plan = [str(row) for row in await machine.rows(text(f"EXPLAIN QUERY PLAN {compiled}"))]
        assert any("ix_outbox_important" in line for line in plan), plan


async def test_a_follow_up_is_important_and_a_question_repeated_after_it_is_not(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.ana.says("hay un árbol caído")
        machine.now += 60
        await here.luis.says(f"/estado {here.code} en obra")
        news = await here.ana.news()
        assert [out.important for out in news] == [True, False]
