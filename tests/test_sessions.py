"""Sessions are read, made and saved for a whole batch at once, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from storage import officials, people
from storage.database import Database
from storage.people import Key, Session
from storage.work import Work
from tests.leaving import dismiss

NOW = 1_700_000_000.0
CHATS: dict[Key, str] = {("telegram:1", str(number)): "es" for number in range(50)}


async def load(database: Database, keys: dict[Key, str]) -> dict[Key, Session]:
    async with database.write() as connection:
        return await people.load_sessions(connection, keys, NOW, "es")


async def test_fifty_strangers_in_one_batch_are_fifty_persons(database: Database) -> None:
    found = await load(database, CHATS)
    assert set(found) == set(CHATS)
    assert len({session.person.id for session in found.values()}) == len(CHATS)
    assert all((session.person.account, session.person.external) == key for key, session in found.items())


async def test_who_is_known_is_found_again_beside_a_stranger(database: Database) -> None:
    before = await load(database, CHATS)
    after = await load(database, {**CHATS, ("telegram:1", "new"): "pt"})
    assert {key: after[key].person for key in CHATS} == {key: session.person for key, session in before.items()}
    assert after["telegram:1", "new"].person.language == "pt"


async def test_the_same_number_on_two_channels_is_two_persons(database: Database) -> None:
    telegram, browser, other = ("telegram:1", "7"), ("browser:main", "7"), ("browser:main", "8")
    before = await load(database, {telegram: "es", browser: "pt", other: "en"})
    after = await load(database, {telegram: "es", other: "en"})
    assert set(after) == {telegram, other}
    assert after[telegram] == before[telegram]
    assert before[telegram].person.id != before[browser].person.id


async def test_who_is_known_in_private_is_known_in_a_group(database: Database) -> None:
    private = await load(database, {("telegram:1", "7"): "es"})
    group = await load(database, {("telegram:1", "-5/7"): "es", ("telegram:1", "-5/8"): "es"})
    assert group["telegram:1", "-5/7"].person.id == private["telegram:1", "7"].person.id
    assert group["telegram:1", "-5/8"].person.id != private["telegram:1", "7"].person.id


async def test_a_strangers_session_is_the_one_that_is_found_later(database: Database) -> None:
    keys: dict[Key, str] = {
        ("telegram:1", "7"): "es",
        ("whatsapp:+1", "+5491150000000"): "pt",
        ("telegram:1", "-5/8"): "",
    }
    alone = await load(database, {("browser:main", "ana"): "en"})
    together = await load(database, keys)
    assert await load(database, keys) == together
    assert await load(database, {("browser:main", "ana"): "en"}) == alone
    assert [each.changed or each.person.official for each in (*together.values(), *alone.values())] == [False] * 4


async def test_a_batch_is_found_without_a_look_at_every_address(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await load(database, CHATS)
    asked: list[Any] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    await load(database, CHATS)
    (sql, values), *_ = [each for each in asked if each[0].startswith("SELECT address")]
    async with database.read() as connection:
        plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    await database.close()
    assert any(step.startswith("SEARCH address USING INDEX") for step in plan)
    assert not any(step.startswith("SCAN") for step in plan)


async def test_a_batch_saves_what_changed_and_nothing_else(database: Database) -> None:
    found = await load(database, CHATS)
    changed, left = found["telegram:1", "7"], found["telegram:1", "8"]
    changed.talks, changed.out_seq, changed.timer_at, changed.changed = '{"talks":[]}', 3, NOW + 60, True
    async with database.write() as connection:
        await people.save_sessions(connection, found.values())
    again = await load(database, CHATS)
    kept = again["telegram:1", "7"]
    assert (kept.talks, kept.out_seq, kept.timer_at, kept.version) == ('{"talks":[]}', 3, NOW + 60, 1)
    assert again["telegram:1", "8"] == left


async def test_an_official_appointed_in_a_batch_hears_of_its_next_ticket(database: Database) -> None:
    person = (await load(database, CHATS))["telegram:1", "7"].person
    async with database.write() as connection:
        work = Work(connection, NOW, lambda: "code", lambda: "id")
        assert await officials.addresses_of(work, "comuna-1") == []
        await officials.appoint(work, person.id, person.address_id, ["comuna-1"], "agent")
        assert await officials.addresses_of(work, "comuna-1") == [person.address_id]
        await dismiss(work, person.address_id)
        assert await officials.addresses_of(work, "comuna-1") == []
