"""The whole trip with the real process: from a phone to an official and back, through stops, kills and trouble."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.audit import CONFIRMED, REOPENED, Audit, repeat_what_is_unknown, until_idle
from tests.beside import beside
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import FakeGroup
from tests.robots import CODE, Citizen, Official, picture, tap
from tests.whole import Whole, until

# The city's centre: comuna 1 of the demo pack.
PLACE = (-34.6037, -58.3816)
KILLS = 4

pytestmark = pytest.mark.slow


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_a_report_goes_from_a_phone_to_an_official_and_back(
    mode: str, fake: FakeTelegram, tmp_path: Path
) -> None:
    async with Whole(tmp_path, fake, mode) as whole:
        official, ana = fake.user(50, first_name="Oficial"), fake.user(7, first_name="Ana")
        official.says(await whole.invite("comuna-1"))
        await official.next_with("Comuna 1")

        ana.says("hola")
        question = await ana.next_with("¿De qué se trata?")
        tap(ana, question, "Calles")
        tap(ana, await ana.next_with("¿qué es exactamente?"), "Bache o hundimiento")
        await ana.next_with("¿Dónde es?")
        ana.sends_location(*PLACE)
        await ana.next_with("¿Cómo es?")
        ana.sends_album([picture(1), picture(2)], "Enorme, en el carril derecho")
        preview = await ana.next_with("Enorme, en el carril derecho")
        assert "📷 2 fotos" in preview.text
        tap(ana, preview, "Enviar")
        sent = await ana.next_with("Tu reclamo es")
        assert "Comuna 1" in sent.text

        new = await official.next_with("🆕")
        assert official.chat[1] is new
        tap(official, new, "Fotos (2)")
        await official.next_with("Esto es lo que hay")
        assert [shown.kind for shown in official.chat[2:4]] == ["photo", "photo"]
        tap(official, new, "Mapa")
        await official.next_with("🗺")
        assert official.chat[-2].place == pytest.approx(PLACE)
        tap(official, new, "Tomar")
        await ana.next_with("Visto")
        official.replies(new, "¿De qué mano es?")
        asked = await ana.next_with("¿De qué mano es?")
        # The answer is on its way when the process is asked to stop: it ends what it holds, the rest comes after.
        ana.replies(asked, "De la derecha")
        await whole.stop()
        await whole.start()
        await official.next_with("De la derecha")
        official.says(f"/estado {CODE.search(sent.text)[0]} resuelto lo tapamos")  # type: ignore[index]
        tap(ana, await ana.next_with("¿Quedó arreglado?"), "No")
        await official.next_with("🔁")
        ana.sends_photo(picture(3), "Quedó un escalón")
        await official.next_with("Quedó un escalón")
        await ana.next_with("sigue abierto")
        status, page = await whole.get(f"/t/{CODE.search(sent.text)[0]}")  # type: ignore[index]
        assert status == 200
        assert "Quedó un escalón" in page
        await until_idle(whole.database_url)
    audit = await Audit.of(whole.database_url, fake)
    audit.expect_everything_taken_once()
    audit.expect_nothing_left()
    assert audit.expect_every_word_shown() == 0


async def test_kills_and_trouble_cost_nothing_on_sqlite(fake: FakeTelegram, tmp_path: Path) -> None:
    fake.updates.twice = True
    await _survives(Whole(tmp_path, fake, "webhook"), fake, seed=1)


async def test_kills_and_trouble_cost_nothing_on_postgresql(
    fake: FakeTelegram, tmp_path: Path, postgres_url: str
) -> None:
    await _survives(Whole(tmp_path, fake, "polling", postgres_url), fake, seed=2)


async def _survives(whole: Whole, fake: FakeTelegram, seed: int) -> None:
    """Several citizens and officials talk while the process is killed again and again and Telegram has bad moments."""
    citizens = [
        Citizen(fake.user(10, first_name="Ana"), "hay un bache enorme que rompe todo", PLACE),
        Citizen(fake.user(11, first_name="Beto"), "la vereda está rota frente al kiosco", PLACE, fixed=False),
        Citizen(fake.user(12, first_name="Caro"), "el semáforo no anda desde ayer", PLACE),
        Citizen(fake.user(13, first_name="Dani"), "el contenedor está lleno de basura", PLACE, fixed=False),
    ]
    async with whole:
        comuna, group, higiene = await _hire(whole, fake)
        gone = fake.user(14, first_name="Eva")
        _make_trouble(fake)
        async with beside(repeat_what_is_unknown(whole.database_url)):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_kill_now_and_then(whole, fake, random.Random(seed)))
                for photos, citizen in enumerate(citizens):
                    tasks.create_task(_report_and_follow(citizen, photos % 3))
                tasks.create_task(comuna.works(2))
                tasks.create_task(group.works(1))
                tasks.create_task(higiene.works(1))
                tasks.create_task(_report_and_block(Citizen(gone, "hay un pozo en la calle", PLACE)))
            await fake.updates.settled()
            await until_idle(whole.database_url)
    audit = await Audit.of(whole.database_url, fake)
    audit.expect_everything_taken_once()
    audit.expect_nothing_left()
    assert len(audit.rows["ticket"]) == len(citizens) + 1
    for citizen in citizens:
        assert audit.steps(citizen.code) == (CONFIRMED if citizen.fixed else REOPENED)
    # A kill may fall into one send of each chat that is being written to, and so may each lost or hung answer.
    assert audit.expect_every_word_shown() <= (KILLS + 1) * len(fake.chats)


async def _hire(whole: Whole, fake: FakeTelegram) -> tuple[Official, Official, Official]:
    """Officials of three bodies, one of them a group, which becomes a supergroup before its first ticket."""
    first, second, third = (fake.user(number, first_name=f"Oficial {number}") for number in (50, 51, 52))
    crew = fake.group("Semáforos", second)
    for user, body in ((first, "comuna-1"), (third, "higiene-urbana")):
        user.says(await whole.invite(body))
        await user.next_with("Desde ahora")
    second.says(await whole.invite("transito"), to=crew)
    await crew.next_with("Desde ahora")
    moved: FakeGroup = crew.migrates(second)
    return Official(first), Official(second, moved), Official(third)


def _make_trouble(fake: FakeTelegram) -> None:
    fake.trouble.throttle(2, retry_after=1)
    fake.trouble.fail(2, status=502, spoken=False)
    fake.trouble.lose(1)
    fake.trouble.hang(1)
    fake.trouble.drop(1)


async def _report_and_follow(citizen: Citizen, photos: int) -> None:
    await citizen.reports(photos)
    await citizen.follows()


async def _report_and_block(citizen: Citizen) -> None:
    """She reports and shuts the door: what is told her later is dropped, and holds nobody up."""
    await citizen.reports()
    citizen.user.blocks()


async def _kill_now_and_then(whole: Whole, fake: FakeTelegram, dice: random.Random) -> None:
    """kill -9 in the middle: now of a send, now of an update, after a random number of them."""
    for kill in range(KILLS):
        counted = _sends if kill % 2 else _updates
        mark = counted(fake) + dice.randint(2, 7)
        with contextlib.suppress(TimeoutError):
            await until(_passes(fake, counted, mark), 10)
        await whole.kill()
        await whole.start()


def _passes(fake: FakeTelegram, counted: Callable[[FakeTelegram], int], mark: int) -> Callable[[], bool]:
    return lambda: counted(fake) >= mark


def _sends(fake: FakeTelegram) -> int:
    return sum(call.method.startswith("send") for call in fake.calls)


def _updates(fake: FakeTelegram) -> int:
    return len(fake.updates.delivered) + len(fake.updates.waiting)


async def test_a_killed_process_answers_again_soon(fake: FakeTelegram, tmp_path: Path) -> None:
    async with Whole(tmp_path, fake) as whole:
        ana = fake.user(7, first_name="Ana")
        ana.says("hola")
        await ana.next_with("¿De qué se trata?")
        await whole.kill()
        began = time.monotonic()
        ana.says("bache")
        await whole.start(ready=False)
        await ana.next_with("¿Dónde es?")
        # Leases last 10 s and more: a start that had to wait for those of the dead would not get here.
        assert time.monotonic() - began < 9
