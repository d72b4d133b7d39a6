"""A line to Twilio: the outbox, its sender and the status callback's server, before the fake on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from twilio.request_validator import RequestValidator

from bot.channels.sms import SmsChannel
from bot.channels.twilio_api import Api
from bot.channels.twilio_channel import TwilioChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.messages import Outbound
from bot.receipts import Receipts
from bot.retry import Policy
from bot.sender import Sender
from bot.twilio_sending import TwilioSending
from routing.pack import Pack, read_pack
from routing.records import Template
from storage.costs import day_in
from storage.database import Database
from tests.fakes.twilio import FakeTwilio
from tests.rows import put, put_address, read, row
from web.twilio_signature import PROOF_HEADER, Signatures
from web.twilio_status import PATH, twilio_status

PUBLIC = "https://bot.test"
SMS, WHATSAPP = "sms:+5491150000000", "whatsapp:+5491150000001"
SOON = Policy("reconcile", repeat_after=0.2)
PACK = read_pack(Path(__file__).parents[2] / "packs/buenos-aires")
ZONE = PACK.info.timezone


class NoFiles:
    """The files of talks in which nobody sends any."""

    async def file(self, media_id: str, *, thumbnail: bool = False) -> None:
        return None


class Line:
    """See the module. `run` sends until the block ends; `channels` are both, by account."""

    def __init__(self, database: Database, fake: FakeTwilio, api: Api, pack: Pack = PACK) -> None:
        self.database = database
        self.fake = fake
        self.api = api
        self.pack = pack
        self.url = ""
        self.senders: list[Sender] = []
        self.receipts = Receipts(database, lambda accounts: self.wake(), partial(day_in, ZONE))
        self.signatures = Signatures(PUBLIC, [fake.auth_token])
        self.channels: dict[str, TwilioChannel] = {
            SMS: SmsChannel(fake.sms_from, api),
            WHATSAPP: WhatsAppChannel(fake.whatsapp_from, api, NoFiles(), lambda media_id: ""),
        }

    def wake(self) -> None:
        for sender in self.senders:
            sender.wake()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Take status callbacks at the public address."""
        app = web.Application()
        app.router.add_post(PATH, twilio_status(self.signatures, self.receipts, [SMS, WHATSAPP]))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.fake.webhooks.reaches[PUBLIC] = self.url
        try:
            yield
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def sending(self, account: str = SMS, **how: Any) -> AsyncIterator[Sender]:
        """Send for one account."""
        usual: dict[str, Any] = {"poll": 0.05, "policy": SOON, "day_of": partial(day_in, ZONE)}
        perform = TwilioSending(self.database, self.channels[account], self.api, lambda: self.pack, PUBLIC).perform
        sender = Sender(
            self.database, account, how.pop("perform", perform), settled=self.receipts.settled, **usual | how
        )
        self.senders.append(sender)
        running = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            await sender.stop(2)
            await running
            self.senders.remove(sender)

    async def address(self, who: str, account: str = SMS, **values: Any) -> int:
        """Somebody on an account."""
        return await put_address(self.database, who, account=account, **values)

    async def say(self, address_id: int, text: str, account: str = SMS, lane: str = "", **values: Any) -> int:
        """Put a message into the outbox."""
        out = Outbound(text=text, ticket=values.get("ticket", ""), language="es")
        now = time.time()
        usual: dict[str, Any] = {"account": account, "address_id": address_id, "due_at": now, "created_at": now}
        payload = msgspec.json.encode(out).decode()
        [number] = await put(self.database, row(lane or str(address_id), **usual | {"payload": payload} | values))
        self.wake()
        return number

    async def until(self, number: int, happened: Callable[[Any], bool]) -> Any:
        """Wait until a row is as wanted, and return it."""
        async with asyncio.timeout(15):
            while not happened(found := await read(self.database, number)):  # noqa: ASYNC110 - other tasks do it
                await asyncio.sleep(0.02)
        return found

    async def is_in(self, number: int, status: str, receipt: str | None = None) -> Any:
        """Wait until a row has a status, and a receipt if one is named."""
        return await self.until(number, lambda row: row.status == status and receipt in (None, row.receipt))

    async def tells(self, sid: str, status: str, code: str = "", *, o: int | None = None, **more: str) -> int:
        """Tell what became of a message as Twilio would; returns what was answered."""
        query = f"?o={o}" if o is not None else ""
        form = {"MessageSid": sid, "MessageStatus": status, "From": self.fake.sms_from, "To": "+5491155550001"}
        form |= ({"ErrorCode": code} if code else {}) | more
        signature = RequestValidator(self.fake.auth_token).compute_signature(f"{PUBLIC}{PATH}{query}", form)
        return await self.post(f"{PATH}{query}", form, signature)

    async def post(self, path: str, form: Mapping[str, str], signature: str) -> int:
        """Call the server."""
        headers = {PROOF_HEADER: signature}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + path, data=form, headers=headers) as answer,
        ):
            return answer.status


def with_template(sid: str, language: str = "es") -> Pack:
    """The demo's pack with an approved template for what is new of a ticket."""
    template = Template(name="update", language=language, sid=sid, variables=("code", "text"))
    return Pack(msgspec.structs.replace(PACK.records, templates=(template,)))


@asynccontextmanager
async def line_to(database_url: str, fake: FakeTwilio, api: Api, pack: Pack = PACK) -> AsyncIterator[Line]:
    """A line over a database."""
    database = Database(database_url)
    try:
        line = Line(database, fake, api, pack)
        async with line.serving():
            yield line
    finally:
        await database.close()
