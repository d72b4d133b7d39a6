"""An office that is given twice, and an invitation that is named by a part of its mark."""

from __future__ import annotations

import pytest

from storage import officials, people
from storage.officials import MARK
from storage.people import Person
from storage.work import Work
from tests.machine import Machine
from tests.working import counting

BODY = "comuna-3"


async def who(work: Work, external: str) -> Person:
    key = ("stage:1", external)
    return (await people.load_sessions(work.connection, {key: "es"}, work.now, "es"))[key].person


@pytest.mark.parametrize("roles", [("manager", "agent"), ("agent", "manager")])
async def test_of_two_topics_with_one_office_the_highest_role_counts(sqlite_url: str, roles: tuple[str, str]) -> None:
    async def do(work: Work) -> list[str]:
        for external, role in zip(("-100", "-100:7"), roles, strict=True):
            topic = await who(work, external)
            await officials.appoint(work, topic.id, topic.address_id, [BODY], role)
        member = await who(work, "-100:7/luis")
        return [office.role for office in await officials.offices(work, member)]

    async with Machine(sqlite_url) as machine:
        assert await machine.work(do) == ["manager"]


async def test_what_everybody_in_a_batch_may_do_is_asked_at_once_and_of_no_citizen(database_url: str) -> None:
    async def do(work: Work) -> None:
        for name in ("luis", "bea"):
            person = await who(work, name)
            await officials.appoint(work, person.id, person.address_id, [BODY], "agent", name)

    async def ask(work: Work) -> tuple[list[list[str]], int]:
        keys = {("stage:1", name): "es" for name in ("ana", "luis", "bea")}
        work.sessions = await people.load_sessions(work.connection, keys, work.now, "es")
        with counting(work) as said:
            found = [await officials.offices(work, each.person) for each in work.sessions.values()]
        names = {
            each.person.external: [office.name for office in mine]
            for each, mine in zip(work.sessions.values(), found, strict=True)
        }
        return [names["ana"], names["luis"], names["bea"]], len(said)

    async with Machine(database_url) as machine:
        await machine.work(do)
        assert await machine.work(ask) == ([[], ["luis"], ["bea"]], 1)


async def test_who_has_just_been_appointed_acts_at_once(database_url: str) -> None:
    async def do(work: Work) -> list[list[str]]:
        person = await who(work, "luis")
        before = await officials.offices(work, person)
        await officials.appoint(work, person.id, person.address_id, [BODY], "agent")
        after = await officials.offices(work, person)
        return [[each.body for each in offices] for offices in (before, after)]

    async with Machine(database_url) as machine:
        assert await machine.work(do) == [[], [BODY]]


async def test_an_invitation_is_taken_back_by_its_whole_mark_only(sqlite_url: str) -> None:
    async def do(work: Work) -> list[bool]:
        officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "agent")
        (made,) = await officials.invites(work, usable=True)
        return [await officials.revoke(work, mark) for mark in ("", made.mark[:1], made.mark[: MARK - 1], made.mark)]

    async with Machine(sqlite_url) as machine:
        assert await machine.work(do) == [False, False, False, True]
