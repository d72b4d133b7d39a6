"""A ticket's card in an official's chat changes in place, whoever does something to the ticket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from bot.channels.telegram import TelegramChannel
from bot.jobs import job_of, performs
from bot.messages import Option, Outbound
from storage import cards, tickets
from storage import outbox as queue
from storage.deadlines import REMINDED
from storage.history import Cursor, read_lines
from storage.outbox import Outcome
from storage.schema import card, outbox, ticket
from storage.updates import Change
from storage.work import Work
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import FakeUser
from tests.handset import Phone
from tests.machine import CONGRESS, Machine
from tests.telegram.desk import JPEG, SHELF, failure, send

PAGE = "browser:main"
BODY = "comuna-14"
FOURTEEN = msgspec.structs.replace(CONGRESS, lat=-34.58, lon=-58.42)


@pytest.fixture
async def machine(database_url: str) -> AsyncIterator[Machine]:
    async with Machine(database_url) as machine:
        yield machine


class Team:
    """A citizen and two officials at pages, with one ticket between them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.ana = machine.phone("ana", account=PAGE)
        self.luis = machine.phone("luis", account=PAGE)
        self.bea = machine.phone("bea", account=PAGE)
        self.code = ""

    async def begin(self) -> None:
        for official in (self.luis, self.bea):
            await self.machine.appoint(official, BODY)
        await self.ana.says("hay un pozo enorme en la bajada")
        await self.ana.sends(place=FOURTEEN)
        await self.ana.says("dale")
        await self.ana.says("dale")
        await self.luis.news()
        await self.bea.news()
        self.code = str(await self.machine.one(select(outbox.c.ticket).where(outbox.c.ticket != "").limit(1)))


@pytest.fixture
async def team(machine: Machine) -> Team:
    team = Team(machine)
    await team.begin()
    return team


async def edits(phone: Phone) -> list[Outbound]:
    await phone.machine.wait(2.0)
    return [out for out in await phone.news() if out.card]


async def test_a_colleagues_step_changes_the_card_of_everybody_who_has_one(team: Team) -> None:
    await team.luis.says(f"/tomar {team.code}")
    own = await edits(team.luis)
    (others,) = await edits(team.bea)
    assert len(own) == 1
    assert "👤 a tu cargo" in own[0].text
    assert own[0].text == others.text.replace("alguien de tu equipo", "a tu cargo")
    assert "Visto" in others.text
    assert others.silent
    assert others.options[0].tap == f"/status {team.code} in_progress"


async def test_what_the_citizen_says_changes_it_and_asks_nothing_again(team: Team) -> None:
    await team.luis.says(f"/responder {team.code}")
    await team.ana.says(f"/agregar {team.code} ya se cayó una moto")
    await team.machine.wait(2.0)
    said = await team.luis.news()
    assert "ya se cayó una moto" in said[-1].text
    assert said[-1].card
    assert "respondemos" not in said[-1].text


async def test_an_edit_names_the_row_that_first_said_the_card(team: Team) -> None:
    await team.luis.says(f"/tomar {team.code}")
    (change,) = await edits(team.bea)
    found = await team.machine.rows(select(outbox.c.payload).where(outbox.c.effect_key == change.card))
    assert "🆕" in msgspec.json.decode(found[0].payload, type=Outbound).text


async def test_looking_at_a_ticket_again_makes_a_new_card_and_leaves_the_old_one(team: Team) -> None:
    (shown,) = await team.bea.says(f"/ver {team.code}")
    assert not shown.card
    await team.luis.says(f"/tomar {team.code}")
    (change,) = await edits(team.bea)
    newest = await team.machine.one(select(outbox.c.effect_key).where(outbox.c.effect_key == change.card))
    assert await team.machine.count(card) == 2
    row = (await team.machine.rows(select(outbox.c.payload).where(outbox.c.effect_key == newest)))[0]
    assert msgspec.json.decode(row.payload, type=Outbound).text == shown.text


async def test_of_several_steps_at_once_only_the_newest_is_shown(team: Team) -> None:
    await team.luis.says(f"/estado {team.code} en obra")
    found = await edits(team.bea)
    assert len(found) == 1
    assert "En obra" in found[0].text
    # Two steps for one command: each of the two cards is told once.
    assert await team.machine.count(outbox, outbox.c.effect_key.startswith("notice:told-card:")) == 2


async def test_what_the_clock_does_is_shown_at_once_and_what_somebody_does_a_moment_later(team: Team) -> None:
    told = select(outbox.c.due_at).where(outbox.c.effect_key.startswith("notice:told-card:")).distinct()

    async def remind(work: Work) -> None:
        found = await tickets.by_code(work, team.code)
        assert found
        await tickets.append(work, found, Change(actor="system", public=False, action=REMINDED))

    await team.machine.work(remind)
    assert await team.machine.one(told) == team.machine.now
    await edits(team.bea)
    team.machine.now += 10
    await team.luis.says(f"/tomar {team.code}")
    assert await team.machine.one(told.where(outbox.c.due_at > team.machine.now - 5)) == team.machine.now + cards.DELAY


async def test_who_joins_or_leaves_changes_the_card_though_nothing_else_happens(team: Team) -> None:
    eva = team.machine.phone("eva", account=PAGE)
    await eva.says(f"me sumo {team.code}")
    (joined,) = await edits(team.bea)
    await eva.says(f"ya no sigo {team.code}")
    (left,) = await edits(team.bea)
    assert "se sumó 1 persona" in joined.text
    assert "se sumó" not in left.text


async def test_a_card_of_a_ticket_that_went_elsewhere_tells_no_more_of_it(team: Team) -> None:
    await team.machine.work(lambda work: work.execute(update(ticket).values(body="aguas")))
    await team.ana.says(f"/agregar {team.code} algo más")
    changed = await edits(team.bea)
    assert "algo más" not in changed[-1].text
    assert not changed[-1].options


async def test_where_nothing_can_be_changed_nothing_is_sent_for_it(machine: Machine) -> None:
    team = Team(machine)
    team.luis = machine.phone("luis")
    await team.begin()
    await team.bea.says(f"/tomar {team.code}")
    assert not await edits(team.luis)


async def test_a_page_shows_the_change_in_the_place_of_the_card(team: Team) -> None:
    database = team.machine.database
    await send_all(team.machine)
    async with database.read() as connection:
        before = await read_lines(connection, PAGE, "bea")
    await team.luis.says(f"/tomar {team.code}")
    await team.machine.wait(2.0)
    await send_all(team.machine)
    async with database.read() as connection:
        after = await read_lines(connection, PAGE, "bea", before.cursor)
        anew = await read_lines(connection, PAGE, "bea", Cursor(0, 0))
    (changed,) = after.lines
    old = next(line for line in before.lines if isinstance(line.what, Outbound) and "🆕" in line.what.text)
    assert (changed.key, changed.edited) == (old.key, True)
    assert [line.key for line in anew.lines] == [line.key for line in before.lines]
    (same,) = [line for line in anew.lines if line.key == old.key]
    assert isinstance(same.what, Outbound)
    assert "Visto" in same.what.text
    assert (same.at, same.edited) == (old.at, False)


async def test_a_page_shows_a_change_of_what_is_long_forgotten_by_itself(team: Team) -> None:
    await send_all(team.machine)
    await team.luis.says(f"/tomar {team.code}")
    await team.machine.wait(2.0)
    await send_all(team.machine)
    first = await team.machine.one(select(card.c.effect_key).limit(1))
    await team.machine.work(lambda work: work.execute(delete(outbox).where(outbox.c.effect_key.startswith(first[:-2]))))
    async with team.machine.database.read() as connection:
        found = await read_lines(connection, PAGE, "bea", Cursor(0, 0))
    (shown,) = [line for line in found.lines if isinstance(line.what, Outbound) and line.what.ticket]
    assert isinstance(shown.what, Outbound)
    assert ("Visto" in shown.what.text, shown.edited) == (True, False)


async def send_all(machine: Machine) -> None:
    """Let everything be sent that waits for pages."""
    async with machine.database.write() as connection:
        mine = outbox.c.account == PAGE
        await connection.execute(
            update(outbox).where(mine, outbox.c.done_at.is_(None)).values(status="sent", done_at=1.0)
        )


# Telegram


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[TelegramChannel]:
    bot = TelegramChannel(fake.token, SHELF, api_url=fake.url, secret_key="k")
    yield bot
    await bot.close()


async def test_telegram_changes_words_and_buttons_in_place(fake: FakeTelegram, channel: TelegramChannel) -> None:
    luis = fake.user(7, started=True)
    sent = await send(channel, "7", text="Recibido", options=(Option("/take K", "Tomar"),))
    for _ in range(2):  # the same again changes nothing, and is done as well
        assert await send(channel, "7", text="Visto", options=(Option("/x", "En obra"),), edits=sent) == sent
    (shown,) = luis.chat
    assert (shown.text, shown.buttons) == ("Visto", ["En obra"])


async def test_telegram_changes_the_caption_of_a_picture(fake: FakeTelegram, channel: TelegramChannel) -> None:
    luis = fake.user(7, started=True)
    sent = await send(channel, "7", text="Recibido", media=("a",), options=(Option("/take K", "Tomar"),))
    assert await send(channel, "7", text="Visto " * 400, media=("a",), edits=sent) == sent
    (shown,) = luis.chat
    assert shown.text.startswith("Visto Visto")
    assert (shown.file, shown.buttons) == (JPEG + b"a", [])


async def test_a_message_that_is_gone_is_not_said_anew(fake: FakeTelegram, channel: TelegramChannel) -> None:
    luis = fake.user(7, started=True)
    error = await failure(channel, text="Visto", edits="99")
    assert (error.kind, luis.chat) == ("stale", [])


async def test_the_message_to_be_changed_is_found_when_it_is_sent(
    fake: FakeTelegram, channel: TelegramChannel, machine: Machine
) -> None:
    luis = fake.user(7, started=True)
    for key, out in (("first", Outbound(text="Recibido")), ("second", Outbound(text="Visto", card="first"))):
        await post(machine, channel, key, out)
    assert [shown.text for shown in luis.chat] == ["Visto"]
    async with machine.database.read() as connection:
        assert await cards.sent_as(connection, "second") == str(luis.chat[0].id)


async def shown_first(fake: FakeTelegram, channel: TelegramChannel, machine: Machine) -> FakeUser:
    """Somebody whose chat shows a ticket's card, which was sent as "first"."""
    await Team(machine).begin()
    luis = fake.user(7, started=True)
    await post(machine, channel, "first", Outbound(text="Recibido"))
    await machine.work(lambda work: work.execute(update(card).values(effect_key="first")))
    return luis


async def test_a_card_that_can_be_changed_no_more_is_said_anew_and_that_is_the_card_from_then_on(
    fake: FakeTelegram, channel: TelegramChannel, machine: Machine
) -> None:
    luis = await shown_first(fake, channel, machine)
    luis.chat.clear()
    await post(machine, channel, "second", Outbound(text="Visto", card="first", silent=True))
    key = await machine.one(select(card.c.effect_key).limit(1))
    await post(machine, channel, "third", Outbound(text="En obra", card=key, silent=True))
    assert [(shown.text, shown.silent) for shown in luis.chat] == [("En obra", True)]


async def test_changes_that_were_written_before_a_card_was_said_anew_change_the_new_one(
    fake: FakeTelegram, channel: TelegramChannel, machine: Machine
) -> None:
    luis = await shown_first(fake, channel, machine)
    (shown,) = await machine.rows(select(card.c.address_id, card.c.ticket).limit(1))
    luis.chat.clear()
    for key, text in (("second", "Visto"), ("third", "En obra"), ("fourth", "Resuelto")):
        await post(machine, channel, key, Outbound(text=text, card="first", silent=True), **shown._mapping)
    assert [each.text for each in luis.chat] == ["Resuelto"]


async def test_a_change_of_what_never_arrived_is_a_message_of_its_own(
    fake: FakeTelegram, channel: TelegramChannel, machine: Machine
) -> None:
    luis = fake.user(7, started=True)
    await post(machine, channel, "second", Outbound(text="Visto", card="nobody knows"))
    assert [shown.text for shown in luis.chat] == ["Visto"]


async def post(machine: Machine, channel: TelegramChannel, key: str, out: Outbound, **about: Any) -> None:
    """Send a message to Luis as the sender would, and settle it."""
    perform, now = performs(channel, machine.database), machine.now
    async with machine.database.write() as connection:
        row = {"account": channel.account, "lane": "7", "seq": 1, "kind": "message", "effect_key": key} | about
        row |= {"due_at": now, "created_at": now, "payload": msgspec.json.encode(out).decode()}
        await connection.execute(outbox.insert().values(**row))
        (first,) = (await queue.claim(connection, channel.account, 1, now, 10)).rows
    taken = await perform(msgspec.structs.replace(job_of(first, channel.account), address="7"))
    async with machine.database.write() as connection:
        done = Outcome(id=first.id, status="sent", provider_id=str(taken))
        await queue.settle(connection, [done], channel.account, 1, now)
