"""Phones without data: deeds are typed words as Twilio brings them, messages are SMS with their segments counted."""

from __future__ import annotations

import itertools

import msgspec

from bot.channels import Channel
from bot.channels.gsm7 import is_gsm7, segments, transliterate
from bot.channels.sms import SmsChannel
from bot.channels.twilio_api import Api
from bot.channels.twilio_parse import parse
from bot.messages import Inbound, Option, Outbound
from locales import LANGUAGES, catalog
from tests.phones.base import CannotError, Deed, Phones
from tests.phones.pictures import pictures, voice_note
from tests.stage import PUBLIC_URL, Stage

FROM = "+5491150000000"
SIZES = ("change-details", "change-place", "change-category", "add-photos", "change-photos", "skip", "share-location")


class Line(SmsChannel):
    """The channel with what it would ask of Twilio kept, and with the files that phones sent."""

    def __init__(self) -> None:
        super().__init__(FROM, Api("AC" + "0" * 32, "no token", "http://127.0.0.1:9"), PUBLIC_URL)
        self.sent: list[dict[str, str]] = []
        self.files: dict[str, bytes] = {}

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Keep what is asked of Twilio."""
        self.sent += await self.forms(address, message, plain=plain)
        return f"SM{len(self.sent):032x}"

    async def fetch(self, ref: str, most: int) -> bytes:
        """A file of an MMS."""
        return self.files[ref]

    async def forget(self, ref: str) -> None:
        """Nothing of it stays at Twilio."""
        del self.files[ref]


class SmsPhones(Phones):
    """What cannot be tapped is typed: a choice's number, a shortcut's command, a pin as a map's link."""

    channel_name = "sms"

    async def open(self) -> None:
        self._ids = itertools.count(1)
        self._last: list[Inbound] = []
        self.total = 0
        self.count = 0

    def make_channel(self, stage: Stage) -> Channel:
        self.line = Line()
        return self.line

    def add(self, name: str, language: str) -> None:
        self.languages[name] = language
        self.names[f"+54911555500{len(self.names):02d}"] = name

    async def do(self, stage: Stage, name: str, deed: Deed) -> None:
        number = next(each for each, owner in self.names.items() if owner == name)
        sid = f"SM{next(self._ids):032x}"
        params = {"MessageSid": sid, "AccountSid": "AC" + "0" * 32, "From": number, "To": FROM, "FromCountry": "AR"}
        inbound = parse(params | self._typed(name, sid, deed), "sms", self.line.account, stage.now)
        assert inbound is not None
        # An SMS does not tell what its phone speaks: here everybody has been asked before.
        self._last = [msgspec.structs.replace(inbound, language=self.languages[name])]
        await stage.take(*self._last)

    async def redeliver(self, stage: Stage) -> None:
        await stage.take(*self._last)

    def _typed(self, name: str, sid: str, deed: Deed) -> dict[str, str]:
        match deed.what:
            case "says":
                return {"Body": deed.text, "NumMedia": "0"}
            case "taps":
                return {"Body": self._instead(name, deed.text), "NumMedia": "0"}
            case "pin" if deed.point:
                return {"Body": f"https://maps.google.com/?q={deed.point[0]},{deed.point[1]}", "NumMedia": "0"}
            case "photo" | "broken photo" | "album":
                return {"Body": deed.text} | self._mms(sid, pictures(deed), "image/jpeg")
            case "voice":
                return {"Body": ""} | self._mms(sid, [voice_note()], "audio/ogg")
            case "file":
                return {"Body": deed.text} | self._mms(sid, pictures(deed), "application/pdf")
        raise CannotError(f"an SMS cannot: {deed.what}")

    def _mms(self, sid: str, files: list[bytes], mime: str) -> dict[str, str]:
        base = f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages/{sid}/Media/ME"
        params = {"NumMedia": str(len(files))}
        for number, data in enumerate(files):
            self.line.files[f"{base}{number:032x}"] = data
            params |= {f"MediaUrl{number}": f"{base}{number:032x}", f"MediaContentType{number}": mime}
        return params

    def _instead(self, name: str, label: str) -> str:
        """What she types who has no button with this label: a number, a command, or what she wants in words."""
        try:
            button = self.button(name, label)
        except CannotError:
            return label
        out = next(each for each in reversed(self.heard[name]) if button in each.options)
        if not out.numbered:
            command, _, rest = button.tap.removeprefix("/").partition(" ")
            return f"{catalog(self.languages[name]).typed(command)} {rest}".strip().upper()
        return str(out.options.index(button) + out.first)

    def button(self, name: str, label: str) -> Option:
        """The newest button with this label, or with the short form of it."""
        for out in reversed(self.heard.get(name, [])):
            for option in out.options:
                if label in (option.label, option.shown) or option.label in short_forms(label):
                    return option
        raise CannotError(f"{name} is not offered {label!r} by SMS")

    async def show(self, stage: Stage, name: str, out: Outbound) -> list[str]:
        [form] = self.line.sent
        self.line.sent.clear()
        body = form["Body"]
        assert is_gsm7(body)
        parts = segments(body)
        self.total += parts
        self.count += 1
        assert transliterate(body) == body
        return [f"[{parts} segment{'s' if parts > 1 else ''}]", *body.splitlines()]

    def summary(self) -> str:
        """How many SMS the bot sent in the whole talk, and what they are paid as."""
        return f"{self.count} SMS, {self.total} segments"


def short_forms(label: str) -> set[str]:
    """How labels that end like this one are written by SMS, in every language."""
    found = set()
    for language in LANGUAGES:
        words = catalog(language)
        found |= {words.text(key, "sms") for key in (*SIZES, "send") if label.endswith(words.text(key))}
    return found
