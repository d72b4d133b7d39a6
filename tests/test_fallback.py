"""Who cannot be reached at all: her officials learn it once, and never who she is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, text, update

from bot.fallback import MOST_TOGETHER
from storage.fallback import HELD_PATIENCE, SETTLED_AFTER, UNKNOWN_PATIENCE, lost_statement
from storage.schema import lease, outbox
from storage.work import Work
from tests.machine import HOUR, Machine, texts
from tests.test_officials import BODY
from tests.unreached import LOST, NUMBER, TELEGRAM, UNREAD, WHATSAPP, provider_tells, story

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


async def test_who_has_blocked_us_and_agreed_to_no_number_is_known_at_once_to_be_out_of_reach(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.ends(status="sent")
        await provider_tells(machine, here.ana, "blocked")
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
