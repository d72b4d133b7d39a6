"""One commit costs the same statements for two citizens as for thirty, whatever they do together."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from bot.messages import Attachment, Inbound
from storage.schema import outbox
from storage.work import Work
from tests.handset import Phone
from tests.machine import CONGRESS, Lots, Machine, lonely_pack

FEW, MANY = 2, 30
SQLITE = "sqlite+aiosqlite:///"
DAY = 86_400.0
REPORT: tuple[dict[str, Any], ...] = (
    {"text": "hola"},
    {"text": "Calles"},
    {"text": "Bache o hundimiento"},
    {"place": CONGRESS},
    {"text": "Es hondo y está justo antes de la esquina"},
    {"text": "sí"},
    {"text": "gracias"},
    {"text": "hola"},
)


class Crowd:
    """Citizens who all do the same in one commit; `costs` counts the statements of each."""

    def __init__(self, machine: Machine, count: int) -> None:
        self.machine = machine
        self.phones = [machine.phone(f"{count}-{number}") for number in range(count)]
        self.costs: list[int] = []
        self._statements: list[str] = []
        event.listen(machine.database.engine.sync_engine, "before_cursor_execute", self._count)

    def _count(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self._statements.append(statement)

    async def do(self, *messages: Inbound) -> None:
        """Have these taken in one commit."""
        self._statements.clear()
        self.machine.batches.clear()
        await self.machine.take(*messages)
        assert self.machine.batches == [len(messages)]
        self.costs.append(len(self._statements))

    async def all_say(self, **said: Any) -> None:
        """Have everybody send the same."""
        await self.do(*(phone.message(**said) for phone in self.phones))


async def costs_of_a_report(sqlite_url: str, count: int, *, window: float = 0.0) -> list[int]:
    # Two machines number their messages alike: in one database the second's would be taken for the first's again.
    url = f"{sqlite_url}.{count}"
    shutil.copy(Path(sqlite_url.removeprefix(SQLITE)), Path(url.removeprefix(SQLITE)))
    # The search for the same problem nearby is a statement of its own for each report: here they do not look.
    async with Machine(url, pack=lonely_pack(), lots=Lots(count)) as machine:
        machine.window = window
        crowd = Crowd(machine, count)
        for said in REPORT:
            await crowd.all_say(**said)
        assert len({code for phone in crowd.phones for code in await tickets_of(phone)}) == count
        return crowd.costs


async def hold(work: Work) -> None:
    """Put aside what was said at this second, as when the provider says that free words are over."""
    said = update(outbox).where(outbox.c.kind == "message", outbox.c.created_at == work.now)
    await work.execute(said.values(status="held", done_at=work.now))


async def tickets_of(phone: Phone) -> set[str]:
    return {out.ticket for out in await phone.everything() if out.ticket}


@pytest.mark.parametrize("window", [0.0, DAY], ids=["any time", "within a window"])
async def test_no_step_of_a_report_costs_more_statements_for_many_than_for_few(sqlite_url: str, window: float) -> None:
    few = await costs_of_a_report(sqlite_url, FEW, window=window)
    many = await costs_of_a_report(sqlite_url, MANY, window=window)
    assert many == few


async def test_what_waited_for_many_goes_on_in_one_statement(sqlite_url: str) -> None:
    costs = []
    async with Machine(sqlite_url) as machine:
        machine.window = DAY
        for count in (FEW, MANY):
            machine.now += 1
            crowd = Crowd(machine, count)
            await crowd.all_say(text="hola")
            await machine.work(hold)
            assert await machine.count(outbox, outbox.c.status == "held") == count
            await crowd.all_say(text="Calles")
            assert await machine.count(outbox, outbox.c.status == "held") == 0
            costs.append(crowd.costs)
    assert costs[0] == costs[1]


async def test_a_photo_of_everybody_costs_no_more_than_that_of_two(sqlite_url: str) -> None:
    costs = []
    async with Machine(sqlite_url) as machine:
        for count in (FEW, MANY):
            crowd = Crowd(machine, count)
            await crowd.all_say(text="hola")
            await crowd.all_say(attachments=(Attachment("photo", "good"),))
            costs.append(crowd.costs)
    assert costs[0] == costs[1]
