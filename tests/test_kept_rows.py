"""What a batch has read once it does not read again, until something changes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select, update

from bot.messages import Place
from storage import schema, supporters, tickets, updates
from storage.database import Database
from storage.statuses import Forbidden
from storage.updates import Change
from storage.work import Work
from tests.machine import Lots
from tests.working import counting, working


@pytest.fixture
async def work(database_url: str) -> AsyncIterator[Work]:
    async with working(database_url, 1000.0) as work:
        yield work


async def open_one(work: Work, *files: str) -> str:
    code = tickets.open_ticket(
        work,
        person_id=1,
        address_id=1,
        category="bache",
        body="ciudad",
        area="comuna-1",
        place=Place(lat=-34.6, lon=-58.4, words="la esquina"),
        words="enorme",
        media_ids=files,
        language="es",
    )
    await work.flush()
    return code


async def look(work: Work, code: str) -> tuple[int, int, str]:
    """Look at everything that a card shows: entries, who joined, the status."""
    history = await updates.history(work, code, public_only=False)
    joined = await supporters.count(work, code)
    found = await tickets.by_code(work, code, lock=False)
    assert found
    return len(history), joined, found.status


async def test_a_second_look_at_a_ticket_costs_nothing(work: Work) -> None:
    code = await open_one(work)
    with counting(work) as said:
        first = await look(work, code)
        once = len(said)
        assert await look(work, code) == first == (1, 0, "received")
    assert once == len(said) > 0


async def test_what_happens_to_it_in_between_is_seen(work: Work) -> None:
    code = await open_one(work)
    await look(work, code)
    found = await tickets.by_code(work, code)
    assert found
    await tickets.append(work, found, Change(actor="official", person_id=2, body="ciudad", status="acknowledged"))
    assert await look(work, code) == (2, 0, "acknowledged")
    await work.connection.execute(schema.person.insert(), [{"id": 2, "created_at": 1.0}])
    work.add(schema.supporter, ticket=code, person_id=2, joined_at=1.0)
    assert await look(work, code) == (2, 1, "acknowledged")


async def test_what_changes_one_table_leaves_what_was_read_of_others(work: Work) -> None:
    code = await open_one(work)
    await look(work, code)
    with counting(work) as said:
        await work.execute(update(schema.ticket).where(schema.ticket.c.code == code).values(priority="high"))
        assert await look(work, code) == (1, 0, "received")
    assert len(said) == 2
    assert "FROM ticket " in said[1]
    found = await tickets.by_code(work, code, lock=False)
    assert found
    assert found.priority == "high"


async def test_what_deletes_may_take_more_with_it(work: Work) -> None:
    code = await open_one(work)
    await work.connection.execute(schema.person.insert(), [{"id": 2, "created_at": 1.0}])
    work.add(schema.supporter, ticket=code, person_id=2, joined_at=1.0)
    assert await look(work, code) == (1, 1, "received")
    await work.execute(delete(schema.person).where(schema.person.c.id == 2))
    assert await look(work, code) == (1, 0, "received")


async def test_a_file_that_is_hidden_afterwards_is_hidden_at_once(work: Work) -> None:
    photo = {"account": "a", "ref": "r", "kind": "photo", "status": "kept", "created_at": 1.0}
    await work.connection.execute(schema.media.insert(), [{"id": each} | photo for each in ("one", "two")])
    code = await open_one(work, "one", "two")
    (shown,) = await updates.history(work, code, public_only=True)
    assert shown.media == ("one", "two")
    files = schema.ticket_media.c
    await work.execute(update(schema.ticket_media).where(files.media_id == "one").values(hidden_at=1.0))
    (shown,) = await updates.history(work, code, public_only=True)
    assert shown.media == ("two",)
    await work.execute(update(schema.media).where(schema.media.c.id == "two").values(status="refused"))
    (shown,) = await updates.history(work, code, public_only=True)
    assert shown.media == ()
    (known,) = await updates.history(work, code, public_only=False)
    assert known.media == await updates.media_of(work, code) == ("one",)


async def test_whoever_has_it_locked_locks_it_no_second_time(work: Work) -> None:
    code = await open_one(work)
    await tickets.by_code(work, code)
    await look(work, code)
    with counting(work) as said:
        assert await tickets.by_code(work, code)
        assert await look(work, code) == (1, 0, "received")
    assert not said


@pytest.mark.parametrize("lock", [True, False])
async def test_only_what_nobody_else_can_have_handed_over_is_known_without_a_look(work: Work, lock: bool) -> None:
    code = await open_one(work)
    found = await tickets.by_code(work, code, lock=lock)
    assert found
    spoken = Change(actor="official", person_id=2, body="ciudad", words="voy")
    with counting(work) as said:
        found = await tickets.append(work, found, spoken)
    assert len([sql for sql in said if "FROM delivery JOIN" in sql]) == (0 if lock else 1)
    row = {"ticket": code, "body": "ciudad", "method": "mail", "seq": 1, "status": "sent", "created_at": 1.0}
    await work.connection.execute(schema.delivery.insert(), [row])
    await tickets.append(work, found, spoken)
    await work.flush()
    posted = await work.rows(select(schema.outbox.c.lane).where(schema.outbox.c.account == "deliveries"))
    assert [each.lane for each in posted] == [f"delivery:{code}:ciudad:mail"]


async def test_a_step_changes_what_it_says_and_nothing_beside_it(work: Work) -> None:
    code = await open_one(work)
    first = await tickets.by_code(work, code)
    assert first
    noted = await tickets.append(work, first, Change(actor="official", person_id=2, public=False, action="noted"))
    assert noted == replace(first, update_seq=2)
    taken = Change(actor="official", person_id=2, body="ciudad", status="acknowledged")
    seen = await tickets.append(work, noted, taken)
    changed = {"update_seq": 3, "status": "acknowledged", "answered_at": work.now, "updated_at": work.now}
    assert seen == replace(noted, watch_at=seen.watch_at, **changed)
    with pytest.raises(Forbidden):
        await tickets.append(work, noted, taken)
    asked = await tickets.append(work, seen, Change(actor="official", person_id=2, status="waiting_citizen"))
    work.now += 500.0
    await work.execute(update(schema.ticket).where(schema.ticket.c.code == code).values(close_by=9000.0))
    answered = await tickets.append(work, asked, Change(actor="citizen", person_id=1, status="acknowledged"))
    assert answered.close_by == pytest.approx(9500.0, abs=0.01)


async def test_whoever_locks_it_reads_what_another_process_did_meanwhile(postgres_url: str) -> None:
    async with working(postgres_url, 1000.0) as work:
        code = await open_one(work)
    make, lots = partial(Database, postgres_url), Lots(7)
    ours, theirs = make(), make()
    try:
        async with ours.write() as connection:
            slow = Work(connection, 2000.0, lots.code, lots.id)
            assert await look(slow, code) == (1, 0, "received")
            async with theirs.write() as other:
                quick = Work(other, 1999.0, lots.code, lots.id)
                found = await tickets.by_code(quick, code)
                assert found
                await tickets.append(quick, found, Change(actor="official", person_id=2, body="ciudad", words="voy"))
                await quick.flush()
            locked = await tickets.by_code(slow, code)
            assert locked
            assert locked.update_seq == 2
            assert await look(slow, code) == (2, 0, "received")
    finally:
        await ours.close()
        await theirs.close()
