"""An office that is given twice, and an invitation that is named by a part of its mark."""

from __future__ import annotations

import pytest

from storage import officials, people
from storage.officials import MARK
from storage.people import Person
from storage.work import Work
from tests.machine import Machine

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


async def test_an_invitation_is_taken_back_by_its_whole_mark_only(sqlite_url: str) -> None:
    async def do(work: Work) -> list[bool]:
        officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "agent")
        (made,) = await officials.invites(work, usable=True)
        return [await officials.revoke(work, mark) for mark in ("", made.mark[:1], made.mark[: MARK - 1], made.mark)]

    async with Machine(sqlite_url) as machine:
        assert await machine.work(do) == [False, False, False, True]
