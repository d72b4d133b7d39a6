"""`python -m bot officials` as an operator uses it, from an invitation to a team that somebody left."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from storage import blocks, officials, people, tickets
from storage.schema import official, outbox, ticket
from storage.schema import update as history
from storage.work import Work
from tests.machine import CONGRESS
from tests.whole import Whole
from tests.working import working

BODY = "comuna-3"


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


@asynccontextmanager
async def at_work(whole: Whole) -> AsyncIterator[Work]:
    """A transaction in the command's own database."""
    async with working(whole.database_url, time.time()) as work:
        yield work
        await work.flush()


async def hire(work: Work, who: str, role: str, name: str) -> int:
    """Make somebody act for the body; her person's id."""
    address_id, person_id = await people.make_chat_address(work, "telegram:1", who, "es")
    await officials.appoint(work, person_id, address_id, [BODY], role, name)
    return person_id


async def open_one(work: Work, taker: int) -> str:
    """A ticket that this official has taken; its code."""
    code = tickets.open_ticket(
        work,
        person_id=taker,
        address_id=1,
        category="bache",
        body=BODY,
        area="",
        place=CONGRESS,
        words="",
        media_ids=(),
        language="es",
    )
    await work.execute(update(ticket).where(ticket.c.code == code).values(taken_by=taker, status="acknowledged"))
    return code


async def test_an_invitation_is_listed_and_taken_back(whole: Whole) -> None:
    told = await whole.run("officials", "invite", "--body", BODY, "--name", "Luisa")
    code = told.split("days): ")[1].splitlines()[0]
    listed = await whole.run("officials", "list")
    assert "Nobody acts for a body yet." in listed
    assert code not in listed
    mark = re.findall(r"^  (\w{8})  agent  comuna-3  Luisa  by the operator  until ", listed, re.MULTILINE)[0]
    assert f"{mark} is good for nothing now." in await whole.run("officials", "revoke", mark)
    assert "taken back" in await whole.run("officials", "list", "--body", BODY)
    assert "could still be used" in await whole.run("officials", "revoke", mark, expect=1)


async def test_an_invitation_is_told_with_every_way_in(whole: Whole) -> None:
    whole.settings = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_WHATSAPP_FROM": "+5491150000001",
        "TWILIO_SMS_FROM": "+5491150000002",
        "PUBLIC_URL": "https://baldosa.example",
    }
    told = await whole.run("officials", "invite", "--body", BODY, "--role", "manager")
    code = told.split("days): ")[1].splitlines()[0]
    assert "in a private chat" in told
    assert f"https://wa.me/5491150000001?text=/start%20invite-{code}" in told
    assert f"SMS +5491150000002: /start invite-{code}" in told


async def test_who_is_dismissed_acts_no_more_and_her_tickets_are_open_to_all(whole: Whole) -> None:
    await whole.run("migrate")
    async with at_work(whole) as work:
        luisa = await hire(work, "7", "agent", "Luisa")
        await hire(work, "8", "agent", "Rosa")
        code = await open_one(work, luisa)
    listed = await whole.run("officials", "list")
    number = re.findall(r"^(\d+)  comuna-3  agent  Luisa  telegram  [\d-]+  1 open$", listed, re.MULTILINE)[0]
    told = await whole.run("officials", "dismiss", number, "--reason", "moved")
    assert f"{number} acts for comuna-3 no more." in told
    assert f"Open to all again: {code[:4]}-{code[4:]}" in told
    assert "Luisa" not in await whole.run("officials", "list")
    async with at_work(whole) as work:
        assert (await work.rows(select(ticket.c.taken_by)))[0].taken_by is None
        told_to = await work.rows(select(outbox.c.payload).where(outbox.c.kind == "notice"))
    assert sorted(re.findall(r'"name":"([\w-]+)"', "".join(row.payload for row in told_to))) == [
        "told-dismissed",
        "told-handed-over",
    ]


async def test_what_somebody_had_is_handed_over(whole: Whole) -> None:
    await whole.run("migrate")
    async with at_work(whole) as work:
        luisa, rosa = await hire(work, "7", "agent", "Luisa"), await hire(work, "8", "agent", "Rosa")
        await open_one(work, luisa)
        ids = {row.name: str(row.id) for row in await work.rows(select(official.c.id, official.c.name))}
    over = ("officials", "hand-over", ids["Luisa"], "--reason", "long leave")
    assert "no colleague" in await whole.run(*over, "--to", ids["Luisa"], expect=1)
    assert "Given on: " in await whole.run(*over, "--to", ids["Rosa"])
    async with at_work(whole) as work:
        assert (await work.rows(select(ticket.c.taken_by)))[0].taken_by == rosa
        done = (await work.rows(select(history).where(history.c.action == "assigned")))[0]
    assert (done.actor, done.reason, done.words, done.public) == ("operator", "Rosa", "long leave", False)
    assert "nobody's number" in await whole.run("officials", "dismiss", ids["Luisa"], "--reason", "left", expect=1)


async def test_an_operator_confirms_a_manager(whole: Whole) -> None:
    await whole.run("migrate")
    async with at_work(whole) as work:
        await hire(work, "7", "manager", "Eva")
        number = str((await work.rows(select(official.c.id)))[0].id)
    assert "not confirmed" in await whole.run("officials", "list")
    assert f"{number} manages now: comuna-3" in await whole.run(
        "officials", "confirm", number, "--reason", "called her"
    )
    listed = await whole.run("officials", "list")
    assert "not confirmed" not in listed
    assert "confirmed by the operator: called her" in listed
    assert "waits to be confirmed" in await whole.run("officials", "confirm", number, "--reason", "again", expect=1)
    assert "comuna-3 has no manager now." in await whole.run("officials", "dismiss", number, "--reason", "moved")


async def test_times_are_told_as_the_citys_clocks_show_them(whole: Whole) -> None:
    await whole.run("migrate")
    # Nine in the evening in Buenos Aires, where it is three hours earlier than UTC; the command's own clock is ahead.
    evening = 1_767_225_600.0
    async with at_work(whole) as work:
        work.now = evening
        await hire(work, "7", "agent", "Luisa")
        await blocks.shut_out(work, 1, "floods")
    assert re.search(r"Luisa  telegram  2025-12-31  0 open", await whole.run("officials", "list"))
    assert await whole.run("blocks") == "1  telegram:1  2025-12-31 21:00  until lifted  floods\n"
