"""Chores that one process of all does: who has the turn, who gets it next, and what keeps a chore going."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
import structlog

from bot.turns import Turn
from storage.database import Database
from tests.beside import beside


def turn_of(database: Database, owner: str, lasts: float = 60.0) -> Turn:
    return Turn("sweeping the street", database, owner, lasts)


class Chore:
    """Counts its rounds; `finds` is what they return one after the other, a fault is raised instead."""

    def __init__(self, turn: Turn, *finds: int | Exception) -> None:
        self.rounds = 0
        self._turn = turn
        self._finds = list(finds)

    async def do(self, now: float) -> int:
        if not await self._turn.comes(now):
            return 0
        self.rounds += 1
        found = self._finds.pop(0) if self._finds else 0
        if isinstance(found, Exception):
            raise found
        return found


def kept(
    turn: Turn, chore: Chore, every: float = 0.01, *, while_busy: bool = False
) -> AbstractAsyncContextManager[asyncio.Task[None]]:
    return beside(turn.keep(chore.do, every, while_busy=while_busy))


async def take_and_fail(database: Database, turn: Turn) -> None:
    async with database.write() as connection:
        assert await turn.take(connection, 100)
        raise ZeroDivisionError


async def reaches(chore: Chore, rounds: int) -> None:
    async with asyncio.timeout(10):
        while chore.rounds < rounds:  # noqa: ASYNC110 - a chore tells nobody
            await asyncio.sleep(0.01)


async def test_one_has_the_turn_for_as_long_as_it_comes_back_for_it(database: Database) -> None:
    ana, luz = turn_of(database, "ana"), turn_of(database, "luz")
    assert [await ana.comes(100), await luz.comes(130), await ana.comes(150), await luz.comes(209)] == [
        True, False, True, False]  # fmt: skip
    assert (ana.ours, luz.ours) == (True, False)
    assert [await luz.comes(210), await ana.comes(211)] == [True, False], "she stayed away for too long"
    assert (ana.ours, luz.ours) == (False, True)


async def test_a_turn_that_is_given_back_is_the_next_ones_at_once(database: Database) -> None:
    ana, luz = turn_of(database, "ana"), turn_of(database, "luz")
    await ana.comes(100)
    await luz.give_back()
    assert not await luz.comes(101), "only who has it can give it back"
    await ana.give_back()
    assert not ana.ours
    assert await luz.comes(102)


async def test_a_turn_taken_within_a_transaction_is_nobodys_if_that_fails(database: Database) -> None:
    ana, luz = turn_of(database, "ana"), turn_of(database, "luz")
    with pytest.raises(ZeroDivisionError):
        await take_and_fail(database, ana)
    assert await luz.comes(101)


async def test_of_two_processes_one_does_the_chore_and_the_other_when_the_first_ends(database: Database) -> None:
    ana, luz = turn_of(database, "ana"), turn_of(database, "luz")
    hers, others = Chore(ana), Chore(luz)
    async with kept(ana, hers) as first:
        await reaches(hers, 2)
        async with kept(luz, others):
            await reaches(hers, 5)
            assert others.rounds == 0
            first.cancel()
            await reaches(others, 2)


async def test_nothing_that_goes_wrong_once_ends_a_chore(database: Database) -> None:
    turn = turn_of(database, "ana")
    chore = Chore(turn, ValueError("what somebody wrote"), KeyError("a name"))
    with structlog.testing.capture_logs() as logs:
        async with kept(turn, chore):
            await reaches(chore, 4)
    told = [(line["chore"], line["error"]) for line in logs if line["event"] == "chore_failed"]
    assert told == [("sweeping the street", "ValueError"), ("sweeping the street", "KeyError")]
    assert "somebody" not in str(logs)


async def test_what_is_busy_goes_on_at_once_and_what_is_not_waits(database: Database) -> None:
    turn = turn_of(database, "ana")
    busy, patient = Chore(turn, 3, 2, 0), Chore(turn, 3, 2, 0)
    async with kept(turn, busy, every=3600, while_busy=True), kept(turn, patient, every=3600):
        await reaches(busy, 3)
        await asyncio.sleep(0.1)
    assert (busy.rounds, patient.rounds) == (3, 1)
