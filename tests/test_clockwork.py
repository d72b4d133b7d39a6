"""The clock: a step a ticket and a round, everything that follows from it in one transaction, whatever is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from bot.clockwork import Clockwork, look_at_tickets
from routing.pack import Pack
from routing.terms import Rung
from storage import planning
from storage.codes import show_code
from storage.database import Database
from storage.updates import Change
from storage.work import Work
from tests.clocked_city import ANSWER_BY, MONDAY, TIMES, City, actions, moment
from tests.machine import DAY, HOUR, demo_pack, texts
from tests.neighbours import reports


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with City(database_url, now=MONDAY) as city:
        yield city


async def test_a_silence_goes_up_to_the_end_and_everybody_hears_of_it_once(city: City) -> None:
    ana = await city.citizen()
    luis, mara = await city.staff("luis", "agent"), await city.staff("mara", "dispatcher")
    code = await city.open(ana)
    await ana.news()
    await city.live(MONDAY + 40 * DAY)
    assert actions(await city.history(code)) == ["received", "reminded", *["escalated"] * 3]
    to_luis, to_mara, to_ana = texts(await luis.news()), texts(await mara.news()), texts(await ana.news())
    assert [text[:1] for text in to_luis] == ["⏳", "⏰"]
    assert [text[:1] for text in to_mara] == ["📣"]
    assert [text.split(code[:4])[0][:2] for text in to_ana] == ["⏰ ", "", "📄 "]
    assert (await city.ticket(code)).watch_at is None


async def test_a_second_look_repeats_nothing(city: City) -> None:
    ana, _ = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    await city.wait(ANSWER_BY - city.now)
    assert await city.look() == [code]
    before = await city.dump()
    assert await city.look() == []
    assert await city.dump() == before


async def test_a_crash_at_the_end_of_a_round_takes_everything_back_and_the_next_one_does_it(city: City) -> None:
    ana, _ = await city.citizen(), await city.staff("luis", "agent")
    codes = {await city.open(ana) for _ in range(3)}
    await city.look()
    await city.wait(ANSWER_BY - city.now)
    before = await city.dump()

    async def cut_off(work: Work) -> None:
        work.calm = city.pack.timetable
        await look_at_tickets(work, city.pack)
        await work.flush()
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await city.work(cut_off)
    assert await city.dump() == before
    assert set(await city.look()) == codes
    for code in codes:
        assert actions(await city.history(code)) == ["received", "escalated"]


async def test_after_days_of_downtime_each_ticket_takes_one_step_and_officials_get_one_message(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    codes = [await city.open(ana) for _ in range(12)]
    await city.wait(moment("2026-04-20T10:00") - city.now)
    assert sorted(await city.look()) == sorted(codes)
    assert await city.look() == []
    for code in codes:
        assert actions(await city.history(code)) == ["received", "escalated"]
    news = texts(await luis.news())
    assert len(news) <= 2
    assert len([order for order in await city.orders() if "told-citizen" in order]) == len(codes)


async def test_who_has_it_is_reminded_alone_and_a_colleague_comes_next(city: City) -> None:
    ana = await city.citizen()
    luis, mara = await city.staff("luis", "agent"), await city.staff("mara", "agent")
    code = await city.open(ana)
    taken = (await luis.row()).address_id
    await city.work(lambda work: planning.assign(work, code, taken))
    await city.live(ANSWER_BY + DAY)
    assert [text[:1] for text in texts(await luis.news())] == ["⏳", "⏰"]
    assert texts(await mara.news()) == []
    await city.live(ANSWER_BY + 5 * DAY)
    assert [text[:1] for text in texts(await mara.news())] == ["🤝"]


async def test_alarms_wait_for_working_hours_unless_they_are_urgent(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    await city.wait(moment("2026-03-09T22:00") - city.now)
    plain, urgent = await city.open(ana), await city.open(ana, "tapa-faltante")
    await city.set(plain, answer_by=city.now)
    await city.live(moment("2026-03-10T07:00"))
    said = "\n".join(texts(await luis.news()))
    assert show_code(urgent) in said
    assert show_code(plain) not in said
    await city.live(moment("2026-03-10T08:01"))
    assert show_code(plain) in "\n".join(texts(await luis.news()))


async def test_an_answer_in_time_keeps_everybody_quiet_until_the_target_to_close(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    await city.wait(HOUR)
    await luis.says(f"/tomar {show_code(code)}")
    await city.live(ANSWER_BY + DAY)
    assert "escalated" not in actions(await city.history(code))
    assert (await city.ticket(code)).rung == 0
    await city.live(moment("2026-04-02T09:00"))
    assert actions(await city.history(code))[-2:] == ["reminded", "escalated"]


async def test_a_question_nobody_answers_ends_the_report_and_a_late_answer_brings_it_back(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    shown = show_code(code)
    close_by = (await city.ticket(code)).close_by
    await luis.says(f"/responder {shown} ¿De qué lado de la calle es?")
    assert (await city.ticket(code)).status == "waiting_citizen"
    await ana.news()
    await ana.says("/cancelar")
    await city.live(city.now + 4 * DAY)
    assert texts(await ana.news()) == []
    await city.live(city.now + 2 * DAY)
    assert "¿De qué lado" in "\n".join(texts(await ana.news()))
    await city.live(city.now + 3 * DAY)
    ended = await city.ticket(code)
    assert (ended.status, ended.watch_at) == ("declined", None)
    assert any(shown in text for text in texts(await ana.news()))
    await luis.news()
    await ana.says(f"/responder {shown} del lado de la plaza")
    back = await city.ticket(code)
    assert back.status == "reopened"
    assert back.closed_at is None
    assert back.close_by is not None
    assert close_by is not None
    assert back.close_by > close_by
    await city.live(moment("2026-03-20T08:00"))
    assert any("lado de la plaza" in text for text in texts(await luis.news()))


async def test_waiting_for_the_citizen_moves_the_target_to_close(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    close_by = (await city.ticket(code)).close_by
    await luis.says(f"/responder {show_code(code)} ¿De qué lado?")
    await city.wait(2 * DAY)
    await ana.says(f"/responder {show_code(code)} del derecho")
    after = await city.ticket(code)
    assert after.status == "acknowledged"
    assert close_by is not None
    assert after.close_by == close_by + 2 * DAY


async def test_resolved_is_asked_about_once_more_and_then_silence_confirms_it(city: City) -> None:
    ana = await city.citizen()
    code = await city.open(ana)
    steps = ("acknowledged", "in_progress", "resolved")
    await city.append(code, *(Change(actor="official", body="comuna-14", status=step) for step in steps))
    await ana.news()
    await city.live(city.now + 8 * DAY)
    assert actions(await city.history(code))[-1] == "asked-again"
    assert len(texts(await ana.news())) == 1
    await city.live(city.now + 14 * DAY)
    assert (await city.ticket(code)).status == "confirmed"
    assert len(texts(await ana.news())) == 1
    assert (await city.ticket(code)).watch_at is None


async def test_a_passed_ticket_has_its_time_anew(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    await city.live(ANSWER_BY + HOUR)
    await luis.says(f"/pasar {show_code(code)} comuna 13 es del otro lado de la avenida")
    passed = await city.ticket(code)
    assert (passed.body, passed.rung) == ("comuna-13", 0)
    assert (passed.answer_by, passed.close_by) == TIMES.due(city.now, "bache", "comuna-13")


async def test_a_ticket_without_targets_gets_them_when_it_is_looked_at(city: City) -> None:
    ana = await city.citizen()
    code = await city.open(ana)
    await city.set(code, answer_by=None, close_by=None, watch_at=city.now)
    await city.look()
    found = await city.ticket(code)
    assert (found.answer_by, found.close_by) == TIMES.due(city.now, "bache", "comuna-14")
    assert found.watch_at is not None
    assert found.watch_at > city.now


async def test_two_processes_that_look_at_once_take_each_step_once(postgres_url: str) -> None:
    async with City(postgres_url, now=MONDAY) as city:
        ana, _ = await city.citizen(), await city.staff("luis", "agent")
        codes = [await city.open(ana) for _ in range(20)]
        await city.wait(ANSWER_BY - city.now)
        other = Database(postgres_url)

        def make_work(connection: Any) -> Work:
            return Work(connection, city.now, city.lots.code, city.lots.id)

        async def rival() -> None:
            async with other.write() as connection:
                work = make_work(connection)
                await look_at_tickets(work, city.pack, 10)
                await work.flush()

        await asyncio.gather(*(rival() for _ in range(4)), city.look(10))
        while await city.look(10):
            pass
        await other.close()
        for code in codes:
            assert actions(await city.history(code)) == ["received", "escalated"]


async def test_one_process_of_all_has_the_turn(city: City) -> None:
    await city.open(await city.citizen())

    first, second = Clockwork(city.workplace("one")), Clockwork(city.workplace("two"))
    assert await first.look(city.now) == 1
    await city.open(await city.citizen("bea"))
    assert await second.look(city.now + 1) == 0
    assert await first.look(city.now + 1) == 1


async def test_a_report_that_is_held_alarms_officials_and_tells_who_sent_it_nothing(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana, held=True)
    await ana.news()
    await city.live(moment("2026-03-13T09:00"))
    assert actions(await city.history(code)) == ["received", "reminded", "escalated"]
    assert texts(await ana.news()) == []
    assert [text[:1] for text in texts(await luis.news())] == ["⏳", "⏰"]


async def test_another_body_may_stand_on_the_ladder_and_hears_without_acting(database_url: str) -> None:
    records = demo_pack().records
    ladder = (Rung(to="body:ciudad", after="1 working day"),)
    bodies = [replace(body, ladder=ladder if body.id == "comuna-14" else ()) for body in records.bodies]
    async with City(database_url, now=MONDAY, pack=Pack(replace(records, bodies=tuple(bodies)))) as city:
        ana = await city.citizen()
        await city.staff("luis", "agent")
        nora = await city.staff("nora", "agent", "ciudad")
        code = await city.open(ana)
        await ana.news()
        await city.live(moment("2026-03-16T09:00"))
        told = (await nora.news())[-1]
        assert told.text.startswith(f"📣 Comuna 14 tiene demorado {show_code(code)}")
        assert told.options == ()
        assert "Ciudad de Buenos Aires" in texts(await ana.news())[-1]


async def test_only_who_follows_a_ticket_is_given_the_request_for_information(city: City) -> None:
    ana, bea = await city.citizen(), await city.citizen("bea")
    code = show_code(await city.open(ana))
    intro, letter = await ana.says(f"pedido {code}")
    assert "Ley 104" in intro.text
    assert code in letter.text
    assert "09/03/2026" in letter.text
    assert "Ley 104" not in (await bea.says(f"pedido {code}"))[-1].text


async def test_what_the_water_company_is_asked_goes_by_its_own_law(city: City) -> None:
    ana = await city.citizen()
    code = await city.open(ana)
    await city.set(code, body="agua")
    assert "27.275" in (await ana.says(f"pedido {show_code(code)}"))[-1].text


async def test_what_a_colleague_answers_in_the_evening_alarms_nobody_in_the_morning(city: City) -> None:
    ana, luis, bea = await city.citizen(), await city.staff("luis", "agent"), await city.staff("bea", "agent")
    answered, silent = await city.open(ana), await city.open(ana)
    await city.live(ANSWER_BY + HOUR / 2)
    await luis.news()
    await bea.says(f"/responder {show_code(answered)} vamos el lunes")
    await city.live(ANSWER_BY + DAY)
    alarms = "\n".join(text for text in texts(await luis.news()) if text.startswith("⏰"))
    assert show_code(silent) in alarms
    assert show_code(answered) not in alarms
    assert "por vencer: 1\n" in alarms


async def test_the_clock_looks_when_something_may_be_due_and_not_at_every_word(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    assert await city.look() == [code]
    for said in ("/tomar {}", "/responder {} vamos el lunes", "/estado {} resuelto hecho"):
        await city.wait(HOUR)
        await luis.says(said.format(show_code(code)))
        noted = (await city.ticket(code)).watch_at
        assert noted is not None
        assert noted > city.now
        await city.set(code, watch_at=city.now)
        assert await city.look() == [code]
        assert (await city.ticket(code)).watch_at == noted, "as the clock itself would have it"


async def test_a_new_ticket_is_looked_at_first_when_something_is_due(city: City) -> None:
    code = await reports(city.phone("ana"))
    noted = (await city.ticket(code)).watch_at
    assert noted is not None
    assert noted > city.now
    assert await city.look() == []
    await city.set(code, watch_at=city.now)
    assert await city.look() == [code]
    assert (await city.ticket(code)).watch_at == noted, "as the clock itself would have it"
