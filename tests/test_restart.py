"""Whatever people do, and whenever the machine is stopped: what is said and stored is the same.

A play is performed again in other ways: stopped and started between any two steps, killed in the middle of them, in
batches, with every message brought twice, in another order of the chats. The whole database is compared.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from bot.messages import Inbound
from routing.pack import Pack
from storage.schema import inbox, ticket
from tests.machine import Machine, lonely_pack
from tests.plays import PEOPLE, WHOLE, Act, Dump, Perform, Play, Step, acts, do, give_ids, one_by_one, performed


async def stopped_everywhere(machine: Machine, steps: list[Step]) -> None:
    for step in steps:
        await do(machine, step)
        await machine.restart()
        await machine.settle()
        await machine.restart()


async def everything_twice(machine: Machine, steps: list[Step]) -> None:
    messages: list[Inbound] = []
    for step in steps:
        await do(machine, step)
        if isinstance(step, Inbound):
            messages.append(step)
            await machine.take(step, messages[len(messages) // 2])
        await machine.settle()
        await machine.take(*messages[-2:])


async def killed_everywhere(machine: Machine, steps: list[Step]) -> None:
    """Die after ever more turns of the loop while a message is being taken; then be brought it again."""
    for number, step in enumerate(steps):
        if isinstance(step, Inbound):
            await give_ids(machine, step)
            await die_while_taking(machine, step, turns=3 * (number % 17))
        await do(machine, step)
        await machine.settle()


async def die_while_taking(machine: Machine, message: Inbound, turns: int) -> None:
    lots = copy.deepcopy(machine.lots)
    taking = asyncio.create_task(machine.intake.take(message))
    for _ in range(turns):
        await asyncio.sleep(0)
    await machine.die()
    taking.cancel()
    await asyncio.wait([taking])
    machine.start()
    if not await machine.count(inbox, inbox.c.account == message.account, inbox.c.key == message.key):
        # A code that was drawn and lost would be another in a second draw.
        machine.lots = lots
        await machine.restart()


def in_batches(sizes: Sequence[int]) -> Perform:
    """Return the way in which so many messages at a time are handed over together."""

    async def perform(machine: Machine, steps: list[Step]) -> None:
        rest, turn = [step for step in steps if isinstance(step, Inbound)], itertools.cycle(sizes)
        while rest:
            size = next(turn)
            batch, rest = rest[:size], rest[size:]
            await machine.take(*batch)
        await machine.wait(60)

    return perform


def written_into(steps: list[Step], play: list[Act]) -> Callable[[Machine], Awaitable[None]]:
    """Perform acts, and write down what comes in."""

    async def perform(machine: Machine) -> None:
        written = Play(machine)
        for act in play:
            await written.act(act)
        steps.extend(written.steps)

    return perform


def check(template: Path, play: list[Act], *ways: Perform) -> None:
    """Perform acts, and again in these ways; nothing may differ."""

    async def main(folder: str) -> None:
        steps: list[Step] = []

        before = await performed(folder, template, written_into(steps, play))
        assert_healthy(before)
        for way in ways:
            after = await performed(folder, template, partial(way, steps=steps))
            for table, rows in before.items():
                assert after[table] == rows, f"{way.__name__}: {table}"

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


def assert_healthy(dump: Dump) -> None:
    """Hold what must be true of any database: no conversation failed, lanes and histories count without gaps."""
    columns = [column.name for column in inbox.c]
    dead = [row for row in dump["inbox"] if row[columns.index("status")] == "dead"]
    assert not dead
    for codes in {row[0] for row in dump["ticket_update"]}:
        seqs = [row[1] for row in dump["ticket_update"] if row[0] == codes]
        assert seqs == list(range(1, len(seqs) + 1))


few = settings(
    max_examples=40 if os.environ.get("BALDOSA_TEST_FULL") else 5,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@few
@given(play=acts(PEOPLE))
@example(play=WHOLE)
def test_stops_deaths_and_doubles_between_and_in_any_steps_change_nothing(
    sqlite_template: Path, play: list[Act]
) -> None:
    check(sqlite_template, play, stopped_everywhere, killed_everywhere, everything_twice)


@few
@given(play=acts(PEOPLE, wait=False), sizes=st.lists(st.integers(2, 9), min_size=1, max_size=3))
@example(play=WHOLE, sizes=[99])
@example(play=WHOLE, sizes=[2, 3])
def test_messages_taken_together_leave_what_they_leave_one_by_one(
    sqlite_template: Path, play: list[Act], sizes: list[int]
) -> None:
    async def main(folder: str) -> None:
        steps = await written_down(folder, sqlite_template, [act for act in play if act.kind not in ("wait", "reply")])
        alone, together = [
            await performed(folder, sqlite_template, partial(in_batches(each), steps=steps)) for each in ([1], sizes)
        ]
        for table, rows in alone.items():
            assert together[table] == rows, table

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


@few
@given(ana=acts(["ana"], wait=False), eva=acts(["eva"], wait=False), lots=st.randoms(use_true_random=False))
@example(ana=[act for act in WHOLE if act.who == "ana"], eva=[act for act in WHOLE if act.who == "ana"], lots=Random(3))
def test_two_chats_say_the_same_however_they_are_shuffled(
    sqlite_template: Path, ana: list[Act], eva: list[Act], lots: Random
) -> None:
    async def main(folder: str) -> None:
        plays = {"ana": ana, "eva": [replace(act, who="eva") for act in eva]}
        pack = lonely_pack()  # Else the one is asked whether hers is the other's.
        written = {
            who: await written_down(folder, sqlite_template, without_ids(play), pack) for who, play in plays.items()
        }
        written = {who: [keyed(who, step) for step in steps] for who, steps in written.items()}
        serial = [*written["ana"], *written["eva"]]
        talks: dict[str, dict[str, list[str]]] = {}
        for name, steps in (("serial", serial), ("shuffled", shuffled(written, lots))):
            talks[name] = await told(folder, sqlite_template, steps)
        assert talks["shuffled"] == talks["serial"]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


def without_ids(play: list[Act]) -> list[Act]:
    """Return the play without what names a ticket or a message of the bot: these are others in another order."""
    return [act for act in play if "{code}" not in act.what and act.kind not in ("reply", "wait")]


def keyed(who: str, step: Step) -> Step:
    """Return a message under a key that nobody else's has."""
    return replace(step, key=f"{who}-{step.key}") if isinstance(step, Inbound) else step


def shuffled(written: dict[str, list[Step]], lots: Random) -> list[Step]:
    """Mix the chats; each keeps its order."""
    turns = [who for who, steps in written.items() for _ in steps]
    lots.shuffle(turns)
    rest = {who: iter(steps) for who, steps in written.items()}
    return [next(rest[who]) for who in turns]


async def written_down(folder: str, template: Path, play: list[Act], pack: Pack | None = None) -> list[Step]:
    """Return what comes in when these acts are performed."""
    steps: list[Step] = []
    await performed(folder, template, written_into(steps, play), pack)
    return steps


async def told(folder: str, template: Path, steps: list[Step]) -> dict[str, list[str]]:
    """Return what each of two was told, with her tickets called by their numbers."""
    said: dict[str, list[str]] = {}

    async def perform(machine: Machine) -> None:
        await one_by_one(machine, steps)
        await machine.wait(60)
        for who in ("ana", "eva"):
            texts = [out.text for out in await machine.phone(who).everything()]
            rows = await machine.rows(select(ticket.c.code).order_by(ticket.c.created_at, ticket.c.code))
            said[who] = [_numbered(text, [row.code for row in rows]) for text in texts]

    await performed(folder, template, perform, lonely_pack())
    return said


def _numbered(text: str, codes: list[str]) -> str:
    for code in codes:
        text = text.replace(f"{code[:4]}-{code[4:]}", "a code").replace(code, "a code")
    return text
