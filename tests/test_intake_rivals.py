"""Two processes that take from the same chats and write to the same tickets lose and double nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from storage.schema import address, inbox, outbox, ticket
from storage.schema import update as ticket_update
from tests.echoes import APOLOGY, echo, echoes, ready
from tests.handset import Phone
from tests.machine import CONGRESS, Lots, Machine, lonely_pack, only


class CollidingLots(Lots):
    """Draws the same code again and again before it draws another."""

    def __init__(self, again: int) -> None:
        super().__init__()
        self.again = again
        self.drawn = 0

    def code(self) -> str:
        self.drawn += 1
        return "0000000" if self.drawn <= self.again + 1 else super().code()


async def send_report(ana: Phone) -> None:
    await ana.says("hay un bache enorme en la esquina")
    await ana.sends(place=CONGRESS)
    await ana.taps("Enviar")


@pytest.mark.parametrize("together", [False, True])
async def test_a_code_that_is_taken_already_is_drawn_anew(database_url: str, together: bool) -> None:
    async with Machine(database_url, lots=CollidingLots(2), pack=lonely_pack()) as machine:
        ana, eva, leo = machine.phone("ana"), machine.phone("eva"), machine.phone("leo")
        await send_report(ana)
        await eva.says("hay un bache enorme en la esquina")
        await eva.sends(place=CONGRESS)
        others = [leo.message("hola")] if together else []
        await machine.take(eva.message("dale"), *others)
        codes = {row.code for row in await machine.rows(select(ticket.c.code))}
        assert len(codes) == 2
        assert "Tu reclamo es" in (await eva.news())[0].text
        assert await eva.inbox() == ["done", "done", "done"]


async def test_a_code_that_is_always_taken_ends_in_an_apology_and_keeps_the_draft(database_url: str) -> None:
    async with Machine(database_url, lots=CollidingLots(1000), pack=lonely_pack()) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await send_report(ana)
        await send_report(eva)
        assert APOLOGY in eva.last.text
        assert await machine.count(ticket) == 1
        assert [talk.name for talk in (await eva.state()).talks] == ["report"]


async def test_two_processes_with_the_same_chats_take_everything_once_and_in_order(postgres_url: str) -> None:
    async with Machine(postgres_url, table=only(echo)) as one, Machine(postgres_url, table=only(echo)) as two:
        phones = await ready(one, "ana", "eva", "leo", "mia")
        lots = random.Random(5)
        for number in range(8):
            # A provider brings a chat's next message when it was told that the last one was taken, by whomever.
            takes: list[Any] = []
            for phone in phones:
                message = phone.message(f"{number}", key=f"{phone.who}-{number}")
                ways = lots.choice([[one], [two], [one, two], [two, one, one]])
                takes += [machine.intake.take(message) for machine in ways]
            lots.shuffle(takes)
            await asyncio.gather(*takes)
        for phone in phones:
            await phone.news()
            assert echoes(phone) == [str(number) for number in range(8)]
            assert await phone.inbox() == ["done"] * 9
        effects = [row.effect_key for row in await one.rows(select(outbox.c.effect_key))]
        assert len(effects) == len(set(effects))


async def test_two_processes_may_meet_the_same_stranger_at_once(postgres_url: str) -> None:
    async with Machine(postgres_url) as one, Machine(postgres_url) as two:
        messages = [one.phone(f"p{n}").message("hola", key=f"p{n}") for n in range(20)]
        await asyncio.gather(one.take(*messages), two.take(*reversed(messages)))
        assert await one.count(address) == 20
        assert await one.count(inbox) == 20
        assert await one.count(outbox, outbox.c.kind == "message") == 20


async def test_two_processes_that_work_on_the_same_tickets_lose_no_update(postgres_url: str) -> None:
    pack = lonely_pack()
    async with Machine(postgres_url, pack=pack) as one, Machine(postgres_url, pack=pack) as two:
        luis, eva = one.phone("luis"), two.phone("eva")
        await one.appoint(luis, "comuna-3")
        await one.appoint(eva, "comuna-3")
        ana = one.phone("ana")
        codes = []
        for _ in range(3):
            await send_report(ana)
            codes.append(ana.last.ticket)

        async def answer(machine: Machine, phone: Phone, order: Callable[[list[str]], Any]) -> None:
            for number in range(4):
                said = [phone.message(f"/responder {c} n{number}", key=f"{phone.who}{number}{c}") for c in order(codes)]
                await machine.take(*said)

        await asyncio.gather(answer(one, luis, list), answer(two, eva, lambda each: list(reversed(each))))
        for code in codes:
            rows = await one.rows(
                select(ticket_update).where(ticket_update.c.ticket == code).order_by(ticket_update.c.seq)
            )
            assert [row.seq for row in rows] == list(range(1, 10))
            for number in range(4):
                assert sum(row.words == f"n{number}" for row in rows) == 2
        assert "dead" not in await luis.inbox() + await eva.inbox()
