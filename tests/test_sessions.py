"""Sessions are read, made and saved for a whole batch at once, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage import officials, people
from storage.database import Database
from storage.people import Key, Session
from storage.work import Work

NOW = 1_700_000_000.0
CHATS: dict[Key, str] = {("telegram:1", str(number)): "es" for number in range(50)}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


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
        await officials.dismiss_address(work, person.address_id)
        assert await officials.addresses_of(work, "comuna-1") == []
