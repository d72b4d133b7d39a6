"""Two thousand messages on Twilio, which misbehaves, while the process is killed: nothing is lost or double."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import aiohttp
import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from storage.database import Database
from storage.schema import inbox
from tests.audit import Audit, repeat_what_is_unknown, until_idle
from tests.beside import beside
from tests.fakes.twilio import SERVICE_SID, FakeTwilio
from tests.fakes.twilio_people import FakePhone
from tests.robots import picture
from tests.twilio_audit import TwilioAudit
from tests.twilio_robots import LONG_PATIENCE, Reporter
from tests.whole import ROOT, Whole, until
from web.twilio_webhook import PATHS


class Size(NamedTuple):
    """How much is written from how many phones, and how often the process is killed meanwhile."""

    messages: int
    phones: int
    kills: int


# Ten messages of each phone on WhatsApp, seven by SMS: two or three for each report, and one at the end.
REPORTS = 3
FULL, SMALL = Size(2000, 225, 20), Size(250, 30, 4)
# An eighth of it is what each test run has the time for.
SIZE = FULL if os.environ.get("BALDOSA_TEST_FULL") else SMALL
DOUBLED, FORGED = 0.05, 0.02
BEGIN_WITHIN = 25.0
SYLLABLES = [consonant + vowel for consonant in "bdfglmn" for vowel in "aeiou"]

# A start takes seconds where others share the processors, and there are twenty.
LONGEST = 600.0

log = logging.getLogger(__name__)
pytestmark = pytest.mark.slow


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(service=SERVICE_SID) as server:
        # Three seconds for a webhook and three for the fallback: about as long as a start takes here.
        server.webhooks.patience, server.webhooks.pause = 0.2, 0.5
        server.guards_loops = True
        yield server


async def test_no_message_is_lost_and_no_ticket_double_on_sqlite(twilio: FakeTwilio, tmp_path: Path) -> None:
    await _survives(Whole(tmp_path, twilio=twilio, module="tests.hurried"), twilio, SIZE, seed=1)


async def test_no_message_is_lost_and_no_ticket_double_on_postgresql(
    twilio: FakeTwilio, tmp_path: Path, postgres_url: str
) -> None:
    whole = Whole(tmp_path, database_url=postgres_url, twilio=twilio, module="tests.hurried")
    await _survives(whole, twilio, SIZE, seed=2)


def _many_alike(folder: Path) -> Path:
    """The demo's pack, but that everybody's pothole is one of its own: these people report hundreds side by side."""
    pack = Path(shutil.copytree(ROOT / "packs" / "buenos-aires", folder / "pack"))
    file, of = pack / "categories.toml", 'id = "bache"\n'
    text = file.read_text("utf-8")
    assert text.count(of) == 1
    file.write_text(text.replace(of, f"{of}nearby_m = 0\n"), "utf-8")
    return pack


async def _survives(whole: Whole, twilio: FakeTwilio, size: Size, seed: int) -> None:
    whole.settings["PACK"] = str(_many_alike(whole.folder))
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    began, crowd = time.monotonic(), Crowd(whole, twilio, size, Random(seed))
    async with whole:
        await until(lambda: bool(twilio.listeners["sms"][0]))
        # Of what was written before anybody was ever answered on a number the sweep knows nothing.
        for phone in (twilio.phone("+5491177700001"), twilio.whatsapp("+5491177700001")):
            phone.says("ayuda")
            await phone.next_with("Contame")
        async with beside(repeat_what_is_unknown(whole.database_url)):
            async with asyncio.TaskGroup() as tasks:
                for reporter in crowd.reporters:
                    tasks.create_task(crowd.begins(reporter))
                for work in (crowd.leaves(), crowd.is_not_there(), crowd.kills()):
                    tasks.create_task(work)
            await _settle(whole, twilio)
        listed = await whole.run("failed")
    log.warning("%s, %.0f s", crowd.figures(), time.monotonic() - began)
    audit = TwilioAudit((await Audit.of(whole.database_url)).rows, twilio=twilio)
    audit.expect_every_message_taken_once()
    audit.expect_one_ticket_for_each_report(crowd.reporters)
    audit.expect_every_word_sent_once()
    audit.expect_every_phone_to_show_what_was_said(crowd.reporters)
    audit.expect_every_lane_in_order()
    audit.expect_nothing_forgotten(listed, crowd.closed)
    assert not any(twilio.files.of(message.sid) for message in twilio.messages), "copied here, and not deleted there"
    assert crowd.written >= size.messages
    assert crowd.refused == [403] * crowd.forged


async def _settle(whole: Whole, twilio: FakeTwilio) -> None:
    """Return when all that was written is found, and all that was said is sent."""
    written = {each.sid for each in twilio.messages if each.direction == "inbound"}
    database = Database(whole.database_url)
    try:
        async with asyncio.timeout(60):
            found: set[str] = set()
            while not written <= found:
                await asyncio.sleep(0.2)
                async with database.read() as connection:
                    found = set((await connection.execute(select(inbox.c.key))).scalars())
    finally:
        await database.close()
    await until_idle(whole.database_url, 60)
    await twilio.settled(30)


class Crowd:
    """People with phones, somebody who forges webhooks, and somebody who pulls the plug."""

    def __init__(self, whole: Whole, twilio: FakeTwilio, size: Size, dice: Random) -> None:
        self.whole = whole
        self.size = size
        self.twilio = twilio
        self.dice = dice
        self.reporters = [self._reporter(number) for number in range(size.phones)]
        self.closed: set[str] = set()
        self.written = self.doubled = self.forged = self.killed = 0
        self.refused: list[int] = []

    def _reporter(self, number: int) -> Reporter:
        # Every third phone is a simple one; every fourth WhatsApp user shows no number.
        phone = (
            self.twilio.phone(f"+54911555{number:05d}")
            if number % 3 == 0
            else self.twilio.whatsapp("" if number % 4 == 1 else f"+54911666{number:05d}", user_id=f"AR.u{number:05d}")
        )
        names = [self._name(number * REPORTS + report) for report in range(REPORTS)]
        photo = picture(number) if phone.channel == "whatsapp" and number % 5 == 0 else b""
        return Reporter(phone, names, self.dice, self._writing, photo=photo)

    def _name(self, number: int) -> str:
        size = len(SYLLABLES)
        return "z" + "".join(SYLLABLES[number // size**place % size] for place in range(3))

    async def begins(self, reporter: Reporter) -> None:
        """One after the other they begin, over the time in which the process is killed."""
        await asyncio.sleep(self.dice.uniform(0, BEGIN_WITHIN))
        await reporter.reports()

    async def leaves(self) -> None:
        """Somebody has told Twilio to stop, which tells nobody: her next answer is refused with 21610."""
        for number in range(3):
            phone = self._closes(self.twilio.phone(f"+5491188800{number:03d}"))
            phone.says("ayuda")
            await phone.next_with("Contame", LONG_PATIENCE)
            phone.opted_out = True
            phone.says("hola")

    async def is_not_there(self) -> None:
        """Somebody writes from a phone that takes nothing."""
        gone = ((self.twilio.phone("+5491188800100"), 30005), (self.twilio.whatsapp(user_id="AR.gone"), 63024))
        for phone, code in gone:
            self._closes(phone)
            phone.failing = code
            phone.says("hola")

    def _closes(self, phone: FakePhone) -> FakePhone:
        self.closed.add(phone.address)
        return phone

    async def _writing(self) -> None:
        """Told before each message: some are brought twice, and some that nobody wrote are brought beside them."""
        await asyncio.sleep(self.dice.uniform(0, 1))
        self.written += 1
        self.twilio.webhooks.twice = self.dice.random() < DOUBLED
        self.doubled += self.twilio.webhooks.twice
        if self.dice.random() < FORGED:
            self.forged += 1
            self.twilio.webhooks.begin(self._forge(self.forged, self.dice.choice(self.reporters).phone.remote))

    async def _forge(self, number: int, who: str) -> None:
        """Bring a message that Twilio never had, until somebody answers; only a refusal will do."""
        path = PATHS["whatsapp" if who.startswith("whatsapp:") else "sms"]
        sid = f"SM{number:08x}{'f' * 24}"
        form = {"MessageSid": sid, "From": who, "To": self.twilio.sms_from, "Body": "cancelar", "NumMedia": "0"}
        proof = RequestValidator("somebody else's token").compute_signature(self.whole.url + path, form)
        async with aiohttp.ClientSession(headers={"X-Twilio-Signature": proof}) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.post(self.whole.url + path, data=form) as answer:
                        self.refused.append(answer.status)
                        return
                await asyncio.sleep(0.2)

    async def kills(self) -> None:
        """kill -9 at random moments of the whole time, with trouble at Twilio's end between them."""
        every = self.size.messages // (self.size.kills + 1)
        for kill in range(self.size.kills):
            self._trouble(kill)
            mark = every * kill + self.dice.randrange(every)
            await until(partial(self._has_written, mark), 120)
            await asyncio.sleep(self.dice.uniform(0.0, 0.3))
            await self.whole.kill()
            await self.whole.start()
            self.killed += 1

    def _has_written(self, mark: int) -> bool:
        return self.written >= mark

    def _trouble(self, kill: int) -> None:
        trouble, receipts, dice = self.twilio.trouble, self.twilio.receipts, self.dice
        causes: list[Callable[[], None]] = [
            partial(trouble.throttle, 2),
            partial(trouble.fail, 2),
            partial(trouble.fail, 1, status=502, spoken=False),
            partial(trouble.fail, 1, method="GET"),
            partial(trouble.fail, 1, method="GET", path="/Media/"),
            trouble.hang,
            trouble.lose,
            trouble.drop,
            trouble.garble,
            partial(self.twilio.carrier.undelivered, 30001 if kill else 30003),
        ]
        for cause in dice.sample(causes, 4) if kill else causes:
            cause()
        receipts.shuffled, receipts.doubled, receipts.early = (dice.random() < 0.5 for _ in range(3))
        receipts.dropped = dice.choice([set(), set(), {"sent"}, {"delivered"}, {"all"}])

    def figures(self) -> str:
        """What happened, for whoever reads the log."""
        lost, sent = len(self.twilio.webhooks.lost), len(self.twilio.sent())
        return (
            f"{self.written} messages, {self.doubled} brought twice, {self.forged} forged, {lost} never brought, "
            f"{self.killed} kills, {sent} sent"
        )
