"""The status graph, every pair of it, and histories that only grow."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.messages import Place
from storage import fallback, statuses, tickets, updates
from storage.codes import read_code
from storage.schema import address, person, supporter
from storage.statuses import CLOSED, GRAPH, NEED_REASON, OPEN, STATUSES, Actor, Forbidden, ReasonMissing
from storage.tickets import Ticket
from storage.updates import Change
from storage.work import Work
from tests.working import working

ACTORS: tuple[Actor, ...] = ("citizen", "official", "system")

# Who may lead a ticket from the status on the left to the one on top: c(itizen), o(fficial), s(ystem).
ARROWS = """
                 rec ack pla inp wai reo | res con dec not dup wit
received          .   o   .   .   o   .  |  .   .   o   o  os   c
acknowledged      c   .   o   o   o   .  |  .   .   o   o  os   c
planned           .   .   .   o   o   .  |  o   .   o   o  os   c
in_progress       .   .   o   .   o   .  |  o   .   o   o  os   c
waiting_citizen   .  cos cos cos  .   .  |  .   .  os   o  os   c
reopened          .   .   o   o   o   .  |  .   .   o   o  os   c
resolved          .   .   .   .   .   c  |  .  cs   .   .   .   .
confirmed         .   .   .   .   .   c  |  .   .   .   .   .   .
declined          .   .   .   .   .   c  |  .   .   .   .   .   .
not_responsible   s   .   .   .   .   .  |  .   .   .   .   .   .
duplicate         .   .   .   .   .   o  |  .   .   .   .   .   .
withdrawn         .   .   .   .   .   .  |  .   .   .   .   .   .
"""


def arrows() -> dict[tuple[str, str], set[Actor]]:
    lines = [line.replace("|", " ").split() for line in ARROWS.strip().splitlines()[1:]]
    return {
        (line[0], to): {actor for actor in ACTORS if actor[0] in cell}
        for line in lines
        for to, cell in zip(STATUSES, line[1:], strict=True)
    }


@pytest.fixture
async def work(database_url: str) -> AsyncIterator[Work]:
    async with working(database_url, 1000.0) as work:
        yield work


def open_one(work: Work, **values: Any) -> str:
    usual: dict[str, Any] = {
        "person_id": 1,
        "address_id": 1,
        "category": "bache",
        "body": "ciudad",
        "area": "comuna-1",
        "place": Place(lat=-34.6, lon=-58.4, words="la esquina"),
        "words": "enorme",
        "media_ids": [],
        "language": "es",
    }
    return tickets.open_ticket(work, **usual | values)


async def at_status(work: Work, status: str) -> Ticket:
    """Return a new ticket that has come to a status in some legal way."""
    code = open_one(work)
    for step in PATHS[status]:
        actor = GRAPH[(await found(work, code)).status][step][0]
        await tickets.append(work, await found(work, code), Change(actor=actor, status=step, reason="because"))
    return await found(work, code)


PATHS: dict[str, tuple[str, ...]] = {
    "received": (),
    "acknowledged": ("acknowledged",),
    "planned": ("acknowledged", "planned"),
    "in_progress": ("acknowledged", "in_progress"),
    "waiting_citizen": ("waiting_citizen",),
    "reopened": ("acknowledged", "in_progress", "resolved", "reopened"),
    "resolved": ("acknowledged", "in_progress", "resolved"),
    "confirmed": ("acknowledged", "in_progress", "resolved", "confirmed"),
    "declined": ("declined",),
    "not_responsible": ("not_responsible",),
    "duplicate": ("duplicate",),
    "withdrawn": ("withdrawn",),
}


async def found(work: Work, code: str) -> Ticket:
    ticket = await tickets.by_code(work, code)
    assert ticket
    return ticket


def test_every_status_is_in_the_table() -> None:
    assert set(arrows()) == set(itertools.product(STATUSES, STATUSES))
    assert set(GRAPH) == set(PATHS) == set(STATUSES)


async def test_every_pair_of_statuses_is_allowed_to_whom_the_table_says_and_to_nobody_else(work: Work) -> None:
    for (old, new), actors in arrows().items():
        ticket = await at_status(work, old)
        for actor in set(ACTORS) - actors:
            with pytest.raises(Forbidden):
                await tickets.append(work, ticket, Change(actor=actor, status=new, reason="because"))
        assert await found(work, ticket.code) == ticket
        for actor in actors:
            ticket = await at_status(work, old)
            after = await tickets.append(work, ticket, Change(actor=actor, status=new, reason="because"))
            assert after.status == new
            assert await found(work, ticket.code) == after


async def test_an_end_that_needs_a_reason_is_refused_without_one(work: Work) -> None:
    for status in NEED_REASON:
        ticket = await at_status(work, "acknowledged")
        for reason, words in (("", ""), ("  ", "\n")):
            with pytest.raises(ReasonMissing):
                await tickets.append(work, ticket, Change(actor="official", status=status, reason=reason, words=words))
        assert await found(work, ticket.code) == ticket
        assert (
            await tickets.append(work, ticket, Change(actor="official", status=status, words="why"))
        ).status == status


async def test_words_may_be_said_at_any_status_by_anybody(work: Work) -> None:
    for status in STATUSES:
        ticket = await at_status(work, status)
        for actor in ACTORS:
            ticket = await tickets.append(work, ticket, Change(actor=actor, words="and another thing"))
            assert ticket.status == status


async def test_a_history_counts_up_from_what_is_stored_however_old_the_hand_that_writes(work: Work) -> None:
    old = await at_status(work, "acknowledged")
    await tickets.append(work, old, Change(actor="citizen", words="first"))
    after = await tickets.append(work, old, Change(actor="citizen", words="second"))
    entries = await updates.history(work, old.code, public_only=False)
    assert [entry.seq for entry in entries] == list(range(1, after.update_seq + 1))
    assert [entry.words for entry in entries][-2:] == ["first", "second"]


async def test_an_arrow_from_where_the_ticket_is_no_more_is_refused(work: Work) -> None:
    old = await at_status(work, "in_progress")
    await tickets.append(work, old, Change(actor="citizen", status="withdrawn"))
    with pytest.raises(Forbidden):
        await tickets.append(work, old, Change(actor="official", status="resolved"))
    assert (await found(work, old.code)).status == "withdrawn"


async def test_opening_a_ticket_writes_its_first_update(work: Work) -> None:
    code = open_one(work)
    ticket = await found(work, code)
    assert read_code(code) == code
    assert (ticket.status, ticket.words, ticket.place.words) == ("received", "enorme", "la esquina")
    (entry,) = await updates.history(work, code, public_only=True)
    assert (entry.seq, entry.actor, entry.status, entry.at) == (1, "citizen", "received", 1000.0)


async def test_the_public_sees_only_what_is_public(work: Work) -> None:
    ticket = await at_status(work, "acknowledged")
    await tickets.append(work, ticket, Change(actor="official", words="among us", public=False))
    every = await updates.history(work, ticket.code, public_only=False)
    public = await updates.history(work, ticket.code, public_only=True)
    assert [entry.words for entry in every if entry not in public] == ["among us"]


def test_open_and_closed_divide_the_statuses() -> None:
    assert set(OPEN) | set(CLOSED) == set(STATUSES)
    assert not set(OPEN) & set(CLOSED)


def test_an_official_gets_from_any_open_status_to_any_end_of_hers_in_one_step_of_speech() -> None:
    for status, target in itertools.product(OPEN, ("resolved", "declined", "not_responsible", "duplicate")):
        way = statuses.way(status, target)
        assert way, (status, target)
        assert way[-1] == target
        for old, new in itertools.pairwise((status, *way)):
            assert "official" in GRAPH[old][new]


def test_no_way_leads_an_official_out_of_an_end_or_into_what_is_the_citizens() -> None:
    parting = ("duplicate", "reopened")
    for status in CLOSED:
        assert [to for to in STATUSES if statuses.way(status, to)] == (["reopened"] if status == "duplicate" else [])
    for status in STATUSES:
        for target in ("confirmed", "reopened", "withdrawn", "received"):
            assert statuses.way(status, target) is None or (status, target) == parting


async def test_a_question_leads_back_to_where_the_work_stood(work: Work) -> None:
    for status, back in (("received", "acknowledged"), ("planned", "planned"), ("in_progress", "in_progress")):
        ticket = await at_status(work, status)
        ticket = await tickets.append(work, ticket, Change(actor="official", status="waiting_citizen"))
        assert await updates.previous_status(work, ticket.code) == back
        after = await tickets.append(work, ticket, Change(actor="citizen", status=back))
        assert after.status == back


async def test_a_mistyped_code_finds_the_tickets_that_may_have_been_meant(work: Work) -> None:
    codes = [open_one(work) for _ in range(20)]
    typed = f"{codes[7][:3]}{'A' if codes[7][3] != 'A' else 'B'}{codes[7][4:]}"
    assert codes[7] in await tickets.similar(work, typed)
    assert await tickets.by_code(work, typed) is None


async def test_an_inbox_shows_what_was_reopened_then_what_is_new_then_the_oldest(work: Work) -> None:
    wanted = [await at_status(work, status) for status in ("reopened", "received", "acknowledged", "planned")]
    for status in ("resolved", "withdrawn"):
        await at_status(work, status)
    open_one(work, body="agua")
    shown = await tickets.of_bodies(work, ["ciudad"], 10)
    assert [each.code for each in shown[:2]] == [each.code for each in wanted[:2]]
    assert {each.code for each in shown} == {each.code for each in wanted}
    assert await tickets.of_bodies(work, ["ciudad"], 2, 2) == shown[2:]


async def test_who_joined_a_ticket_hears_of_it_and_finds_it_among_her_own(work: Work) -> None:
    await work.connection.execute(person.insert(), [{"id": 1, "created_at": 1.0}, {"id": 2, "created_at": 1.0}])
    homes = [(1, "a", 1), (2, "b", 2), (3, "c", 2)]
    rows = [{"id": i, "account": "x", "external": e, "person_id": p, "created_at": 1.0} for i, e, p in homes]
    await work.connection.execute(address.insert(), rows)
    code = open_one(work)
    work.add(supporter, ticket=code, person_id=2, joined_at=1.0)
    assert list(await fallback.reach_of_followers(work, await found(work, code))) == [1, 3], "each hears of it once"
    assert [each.code for each in await tickets.of_person(work, 2)] == [code]
    assert [each.code for each in await tickets.of_person(work, 1)] == [code]
    assert await tickets.of_person(work, 3) == []
