"""The audit: who did what, when, from where; append-only; what it tells agrees with where tickets stand."""

from __future__ import annotations

import asyncio
import contextlib
import csv
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from bot.auditing import COLUMNS, cells
from bot.spreadsheet import spreadsheet
from storage import audit, statuses, tickets, updates
from storage.schema import metadata, official, ticket
from storage.statuses import Forbidden, ReasonMissing
from storage.updates import Change
from storage.work import Work
from tests.machine import Machine
from tests.test_care import attach
from tests.test_rights import hired, opened, person_at, stranger
from tests.whole import Whole

ACTS = st.tuples(
    st.sampled_from(["citizen", "official", "system"]),
    st.sampled_from([*statuses.STATUSES, "", ""]),
    st.sampled_from(["", "", "hidden", "held", "freed", "noted"]),
)


async def read(machine: Machine, **what: object) -> list[audit.Entry]:
    async with machine.database.read() as connection:
        return [each async for each in audit.entries(connection, **what)]  # type: ignore[arg-type]


async def worked(machine: Machine) -> tuple[str, int]:
    """(code, official's person id) of a ticket that an official took and answered."""
    luis = await hired(machine, "dispatcher")
    mine = await person_at(machine, await stranger(machine))
    code = await machine.work(lambda work: opened(work, "own", mine))
    await machine.work(lambda work: work.execute(official.update().values(name="Luis Paz")))
    for line in ("/tomar {}", "/ocultar {} nombra a otra persona", "/responder {} llamen al 4523-1234"):
        await luis.says(line.format(code))
    return code, (await person_at(machine, luis))[0]


async def test_officials_are_named_and_citizens_are_a_number(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code, person = await worked(machine)
        found = await read(machine, ticket=code)
        assert [(each.actor, each.name, each.status, each.action) for each in found] == [
            ("citizen", "", "received", ""),
            ("official", "Luis Paz", "acknowledged", ""),
            ("official", "Luis Paz", "", "hidden"),
            ("official", "Luis Paz", "", ""),
        ]
        assert all(each.address is not None for each in found)
        assert [each.person for each in found[1:]] == [person] * 3


async def test_the_audit_holds_no_words_of_anybody(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await worked(machine)
        told = "\n".join(",".join(cells(each)) for each in await read(machine))
        assert "4523" not in told
        assert "nombra" not in told


async def test_it_is_cut_to_a_ticket_a_day_and_an_official(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code, person = await worked(machine)
        later = machine.now + 86400
        machine.now = later
        await worked(machine)
        assert {each.ticket for each in await read(machine, ticket=code)} == {code}
        assert all(each.at >= later for each in await read(machine, since=later))
        by_her = await read(machine, person=person)
        assert by_her
        assert {each.actor for each in by_her} == {"official"}


async def test_it_is_written_as_a_table(sqlite_url: str, tmp_path: Path) -> None:
    async with Machine(sqlite_url) as machine:
        await worked(machine)
        found = await read(machine)
    with spreadsheet(tmp_path / "audit.csv", COLUMNS) as write:
        for each in found:
            write(cells(each))
    rows = list(csv.reader((tmp_path / "audit.csv").read_text("utf-8-sig").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(found) + 1
    assert {len(row) for row in rows} == {len(COLUMNS)}


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    entry = audit.Entry(0.0, "K7Q42MX", 1, "official", 1, "=1+1", "", None, "", "", "", public=True)
    with spreadsheet(tmp_path / "audit.csv", COLUMNS) as write:
        write(cells(entry))
    assert ",'=1+1," in (tmp_path / "audit.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("statement", ["UPDATE ticket_update SET status = 'resolved'", "DELETE FROM ticket_update"])
async def test_what_happened_cannot_be_changed(statement: str, sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await worked(machine)
        with pytest.raises(DBAPIError, match="append-only"):
            await machine.work(lambda work: work.execute(text(statement)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=12))
def test_replaying_the_history_gives_where_a_ticket_stands(acts: list[tuple[str, str, str]], tmp_path: Path) -> None:
    asyncio.run(replayed(acts, f"sqlite+aiosqlite:///{tmp_path}/{uuid4().hex}.db"))


async def replayed(acts: list[tuple[str, str, str]], url: str) -> None:
    """Do all this to a ticket; what its history tells is what is kept of it."""
    async with Machine(url) as machine:
        async with machine.database.write() as connection:
            await connection.run_sync(metadata.create_all)
        mine = await person_at(machine, await stranger(machine))
        code = await machine.work(lambda work: opened(work, "own", mine))
        for actor, status, action in acts:
            await machine.work(partial(act, code=code, actor=actor, status=status, action=action))
        history = await machine.work(lambda work: updates.history(work, code, public_only=False))
        row = (await machine.rows(select(ticket).where(ticket.c.code == code)))[0]
        assert [each.status for each in history if each.status][-1] == row.status
        assert [each.seq for each in history] == list(range(1, row.update_seq + 1))


async def act(work: Work, *, code: str, actor: str, status: str, action: str) -> None:
    """Append it, where the graph has such an arrow."""
    found = await tickets.by_code(work, code)
    assert found
    with contextlib.suppress(Forbidden, ReasonMissing):
        entry = Change(actor=actor, status=status, action=action, reason="because")  # type: ignore[arg-type]
        await tickets.append(work, found, entry)


async def test_an_operators_mistake_is_one_line(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    await whole.run("migrate")
    for words in (("audit", "--ticket", "nope"), ("block", "K7Q4-2MX"), ("block", "12"), ("unblock", "K7Q4-2MX")):
        said = await whole.run(*words, expect=1)
        assert said.count("\n") == 1, said
    assert await whole.run("blocks") == "Nobody is blocked.\n"
    assert (await whole.run("audit")).split() == list(COLUMNS)


async def test_it_tells_what_was_hidden_and_to_whom_a_ticket_was_assigned(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code, person = await worked(machine)
        luis = machine.phone("luis")
        await machine.work(lambda work: attach(work, code, 2))
        for label in ("Foto 2", "1 foto"):
            await luis.says(f"/ocultar {code} nombra a otra persona")
            await luis.taps(label)
        await luis.says(f"/ocultar {code} lo único que queda")
        await luis.says(f"/liberar {code}")
        await luis.taps("Foto 2")
        await luis.says(f"/asignar {code} yo")
        found = [(each.action, each.about, each.whom) for each in await read(machine, ticket=code) if each.action]
        assert found == [
            ("hidden", "1", None),
            ("hidden", "m1", None),
            ("hidden", "photos", None),
            ("hidden", "4", None),
            ("freed", "m1", None),
            ("assigned", "", person),
        ]
