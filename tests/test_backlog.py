"""What could not be delivered, how much waits, and what is forgotten: on both databases."""

from __future__ import annotations

from storage import backlog, outbox
from storage.backlog import Count
from storage.database import Database
from tests.rows import ACCOUNT, change, put, read, row, statuses

NOW = 1000.0


async def put_undelivered(database: Database) -> list[int]:
    ids = await put(database, row("a", 1, ticket="K7Q42MX"), row("a", 2), row("b", 1), row("c", 1, account="local"))
    await change(database, ids[0], status="failed", done_at=500.0, error_class="content", error="400", attempts=2)
    await change(database, ids[2], status="unknown", done_at=600.0, doubts=2, expires_at=700.0)
    await change(database, ids[3], status="failed", done_at=700.0)
    return ids


async def test_what_could_not_be_delivered_is_listed_newest_first(database: Database) -> None:
    ids = await put_undelivered(database)
    async with database.read() as connection:
        everything = await backlog.failed(connection)
        telegram = await backlog.failed(connection, ACCOUNT)
        newest = await backlog.failed(connection, most=1)
    assert [each.id for each in everything] == [ids[3], ids[2], ids[0]]
    assert [each.id for each in telegram] == [ids[2], ids[0]]
    assert [each.id for each in newest] == [ids[3]]
    assert (telegram[1].ticket, telegram[1].error_class, telegram[1].error, telegram[1].attempts) == (
        "K7Q42MX",
        "content",
        "400",
        2,
    )
    assert [each.status for each in telegram] == ["unknown", "failed"]


async def test_chosen_rows_are_sent_again_before_what_their_lanes_hold(database: Database) -> None:
    ids = await put_undelivered(database)
    async with database.write() as connection:
        assert await backlog.retry(connection, ids[:1], NOW) == 1
    assert await statuses(database) == ["pending", "pending", "unknown", "failed"]
    async with database.write() as connection:
        claim = await outbox.claim(connection, ACCOUNT, 1, NOW, 10)
    assert [(each.id, each.attempts) for each in claim.rows] == [(ids[0], 0)]


async def test_everything_undelivered_is_sent_again_and_what_may_have_arrived_says_so(database: Database) -> None:
    ids = await put_undelivered(database)
    async with database.write() as connection:
        assert await backlog.retry(connection, None, NOW) == 3
        assert await backlog.failed(connection) == []
        claim = await outbox.claim(connection, ACCOUNT, 1, NOW, 10)
    assert {each.id: each.doubts for each in claim.rows} == {ids[0]: 0, ids[2]: 2}


async def test_what_is_not_undelivered_is_not_sent_again(database: Database) -> None:
    [number] = await put(database, row())
    await change(database, number, status="sent", done_at=500.0)
    async with database.write() as connection:
        assert await backlog.retry(connection, [number], NOW) == 0


async def test_a_row_whose_words_were_erased_cannot_be_sent_again(database: Database) -> None:
    ids = await put_undelivered(database)
    await change(database, ids[0], payload="")
    async with database.write() as connection:
        assert [each.repeatable for each in await backlog.failed(connection, ACCOUNT)] == [True, False]
        assert await backlog.retry(connection, None, NOW) == 2


async def test_open_and_undelivered_rows_are_counted_by_account_and_status(database: Database) -> None:
    ids = await put_undelivered(database)
    await put(database, row("d", 1, due_at=40.0), row("e", 1, account="local", due_at=50.0))
    await change(database, ids[1], status="sending")
    async with database.read() as connection:
        counts = await backlog.counts(connection)
    assert sorted(counts, key=lambda count: (count.account, count.status)) == [
        Count("local", "failed", 1, 100.0),
        Count("local", "pending", 1, 50.0),
        Count(ACCOUNT, "failed", 1, 100.0),
        Count(ACCOUNT, "pending", 1, 40.0),
        Count(ACCOUNT, "sending", 1, 100.0),
        Count(ACCOUNT, "unknown", 1, 100.0),
    ]


async def test_words_are_erased_first_and_the_row_much_later(database: Database) -> None:
    ids = await put(database, row("a", 1), row("b", 1), row("c", 1))
    await change(database, ids[0], status="sent", done_at=100.0)
    await change(database, ids[1], status="failed", done_at=900.0)
    async with database.write() as connection:
        assert await backlog.sweep(connection, words_before=500.0, rows_before=50.0) == 1
    assert [(await read(database, number)).payload != "" for number in ids] == [False, True, True]
    async with database.write() as connection:
        assert await backlog.sweep(connection, words_before=500.0, rows_before=50.0) == 0
        assert await backlog.sweep(connection, words_before=500.0, rows_before=101.0) == 1
    assert await statuses(database) == ["failed", "pending"]


async def test_what_waits_is_never_swept(database: Database) -> None:
    [number] = await put(database, row())
    async with database.write() as connection:
        assert await backlog.sweep(connection, words_before=1e12, rows_before=1e12) == 0
    assert (await read(database, number)).payload != ""


async def test_a_sweep_goes_in_small_steps_until_nothing_is_left(database: Database) -> None:
    ids = await put(database, *(row("a", seq) for seq in range(5)))
    for number in ids:
        await change(database, number, status="sent", done_at=float(number))
    steps: list[int] = []
    while not steps or steps[-1]:
        async with database.write() as connection:
            steps.append(await backlog.sweep(connection, words_before=1e6, rows_before=1e6, most=2))
    # The rows whose words went in one step go in the same one.
    assert sum(steps) == 10
    assert max(steps) <= 4
    assert await statuses(database) == []
