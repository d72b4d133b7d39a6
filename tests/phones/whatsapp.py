"""Users of the strict fake Twilio on WhatsApp: deeds are webhooks, messages went through real HTTP calls."""

from __future__ import annotations

import msgspec
from aiohttp import web

from bot.channels import Channel
from bot.channels.splitting import split
from bot.channels.twilio_api import Api
from bot.channels.twilio_parse import parse
from bot.channels.whatsapp import WhatsAppChannel
from bot.channels.whatsapp_render import MORE, harmless
from bot.messages import Inbound, Outbound
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_delivery import Params
from tests.fakes.twilio_people import FakePhone, Shown
from tests.phones.base import CannotError, Deed, Phones, brief
from tests.phones.pictures import pictures, voice_note
from tests.stage import PUBLIC_URL, Stage
from web.lent import Lender

SECRET = "a secret that only these phones know"
# The story of a talk is told whatever the window: tests/twilio knows about that.
ALWAYS = float("inf")
MOST_PAGES = 5


class Line(FakeTwilio):
    """The fake, with what people do kept for the player to bring."""

    def __init__(self) -> None:
        super().__init__()
        self.brought: list[Params] = []

    def bring(self, channel: str, params: Params, turn: str) -> None:
        self.brought.append(params)


class WhatsAppPhones(Phones):
    """Users of the fake Twilio: what they see went through real HTTP calls, pictures too."""

    channel_name = "whatsapp"

    async def open(self) -> None:
        self.fake = Line()
        await self.fake.__aenter__()
        self._phones: dict[str, FakePhone] = {}
        self._seen: dict[str, int] = {}
        self._shown: dict[str, list[Shown]] = {}
        self._apis: list[Api] = []
        self._last: list[Inbound] = []
        self._lender: Lender | None = None
        await self._lend()

    async def _lend(self) -> None:
        """Serve the bot's pictures where its public address leads."""
        app = web.Application()
        app.router.add_get("/m/{id}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.fake.webhooks.reaches[PUBLIC_URL] = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _serve(self, request: web.Request) -> web.Response:
        assert self._lender is not None
        return await self._lender.serve(request)

    async def close(self) -> None:
        for api in self._apis:
            await api.close()
        await self._runner.cleanup()
        await self.fake.__aexit__(None, None, None)

    def make_channel(self, stage: Stage) -> Channel:
        self.fake.clock = lambda: stage.now
        self._lender = lender = Lender(SECRET, PUBLIC_URL, stage, clock=lambda: stage.now)
        api = Api(self.fake.account_sid, self.fake.auth_token, self.fake.url)
        self._apis.append(api)
        return WhatsAppChannel(self.fake.whatsapp_from, api, stage, lender.url)

    def add(self, name: str, language: str) -> None:
        # Every other person is one whom WhatsApp names by an id, without a number.
        number = len(self._phones) + 1
        user_id = f"AR.{name}{number:04d}"
        phone = self.fake.whatsapp("" if number % 2 else f"+54911555500{number:02d}", user_id=user_id, name=name)
        self._phones[name] = phone
        self.languages[name] = language
        self.names[phone.address] = name

    async def do(self, stage: Stage, name: str, deed: Deed) -> None:
        phone = self._phones[name]
        if deed.what == "taps":
            await self._turn_to(stage, name, deed.text)
        self._act(name, phone, deed)
        await self._hand(stage, name)

    async def _turn_to(self, stage: Stage, name: str, label: str) -> None:
        """Turn the pages of the newest list until it shows the label."""
        for _ in range(MOST_PAGES):
            options = self.heard[name][-1].options
            if not options or options[-1].tap != MORE or self._has(name, label):
                return
            self._phones[name].taps(options[-1].label)
            await self._hand(stage, name)
            await stage.settle()

    def _has(self, name: str, label: str) -> bool:
        return any(label in (option.label, option.shown) for out in self.heard[name] for option in out.options)

    async def _hand(self, stage: Stage, name: str) -> None:
        self._phones[name].window_until = ALWAYS
        brought = [parse(params, "whatsapp", stage.channel.account, stage.now) for params in self.fake.brought]
        # Twilio tells of no phone which language it speaks: these persons have chosen theirs before.
        language = self.languages[name]
        self._last = [msgspec.structs.replace(inbound, language=language) for inbound in brought if inbound is not None]
        self.fake.brought.clear()
        await stage.take(*self._last)

    async def redeliver(self, stage: Stage) -> None:
        await stage.take(*self._last)

    def _act(self, name: str, phone: FakePhone, deed: Deed) -> None:
        lat, lon = deed.point or (0.0, 0.0)
        match deed.what:
            case "says":
                phone.says(deed.text)
            case "taps":
                self._tap(name, phone, deed.text)
            case "replies":
                phone.replies(self._shown[name][self.quoted(name, deed.quoted)], deed.text)
            case "photo" | "broken photo" | "album" | "file" if deed.point is None:
                phone.sends_photos(pictures(deed), deed.text)
            case "photo":
                # WhatsApp takes the position out of a photo; sent as a document it keeps it.
                phone.sends_document(pictures(deed)[0], "image/jpeg", deed.text)
            case "voice" | "reply voice" | "reply photo":
                self._send_one(name, phone, deed)
            case "sticker":
                phone.sends_sticker()
            case "pin":
                phone.sends_location(lat, lon)
            case "venue":
                phone.sends_location(lat, lon, label=deed.quoted, street=deed.text)
            case _:
                raise CannotError(f"WhatsApp cannot: {deed.what}")

    def _send_one(self, name: str, phone: FakePhone, deed: Deed) -> None:
        """A voice note, or a file that answers one of the bot's messages."""
        if deed.what == "voice":
            phone.sends_voice(voice_note())
            return
        heard = deed.what == "reply voice"
        file, mime = (voice_note(), "audio/ogg") if heard else (pictures(deed)[0], "image/jpeg")
        phone.replies_with(self._shown[name][self.quoted(name, deed.quoted)], file, mime, deed.text)

    def _tap(self, name: str, phone: FakePhone, label: str) -> None:
        """Tap what stands for the button: its row may be shorter, or show no icon."""
        tap = self.button(name, label).tap
        row = next(row for shown in reversed(phone.chat) for row in shown.rows if row.data == tap)
        phone.taps(row.label)

    async def show(self, stage: Stage, name: str, out: Outbound) -> list[str]:
        await self.fake.settled()
        phone = self._phones[name]
        new = phone.chat[self._seen.get(name, 0) :]
        self._seen[name] = len(phone.chat)
        assert new, f"nothing arrived at {name}"
        self._shown.setdefault(name, []).append(new[-1])
        said = " ".join(" ".join(each.text for each in new if not each.place).split())
        # However it is cut into messages, every word is there.
        words = " ".join(" ".join(split(harmless(out.text), 500)).split())
        assert words in said, f"WhatsApp shows {said!r} instead of {words!r}"
        return [line for each in new for line in _describe(each)]


def _describe(shown: Shown) -> list[str]:
    kind = "picture" if shown.files else "location" if shown.place else "text"
    rows = " | ".join(f"{row.label} ({row.description})" if row.description else row.label for row in shown.rows)
    return [
        f"{kind} {brief(shown.text)}" if shown.text else kind,
        *([f"{len(shown.rows)} buttons: {rows}"] if shown.kind == "buttons" else []),
        *([f"list [{shown.opener}] of {len(shown.rows)}: {rows}"] if shown.kind == "list" else []),
        *([f"at {shown.place[0]}, {shown.place[1]}"] if shown.place else []),
    ]
