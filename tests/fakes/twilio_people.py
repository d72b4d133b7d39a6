"""People with phones on the fake Twilio: what they do, and what they see of the bot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.screen import Screen
from tests.fakes.twilio_contents import Button
from tests.fakes.twilio_messages import Message

if TYPE_CHECKING:
    from tests.fakes.twilio import FakeTwilio

Params = dict[str, str]
VCARD = b"BEGIN:VCARD\nVERSION:3.0\nFN:Vecina\nTEL;TYPE=CELL:+5491155550000\nEND:VCARD\n"

# Twilio's default opt-out keywords for SMS, and those that this account set under Advanced Opt-Out besides.
STOP = {"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"}
START = {"START", "YES", "UNSTOP"}
HELP = {"HELP", "INFO"}
ADVANCED_STOP, ADVANCED_START, ADVANCED_HELP = {"BAJA", "ALTO", "PARAR"}, {"ALTA"}, {"AYUDA"}


@dataclass
class Shown:
    """A message of the bot's, as a phone shows it.

    `rows` are the quick replies or the list behind `opener`, `kind` says which ("text", "buttons", "list"); `files` are
    the bytes that were fetched; `segments` is what Twilio counts; `template` is true for an approved one.
    """

    sid: str
    text: str
    kind: str = "text"
    rows: list[Button] = field(default_factory=list)
    opener: str = ""
    files: list[bytes] = field(default_factory=list)
    place: tuple[float, float] | None = None
    segments: int = 1
    template: bool = False

    @property
    def buttons(self) -> list[str]:
        """The labels, in their order."""
        return [row.label for row in self.rows]


class FakePhone(Screen[Shown]):
    """A person on one channel ("sms" or "whatsapp"). `chat` is all that came; every deed returns its MessageSid.

    Without a `number` she is one of those whom only an id names (a BSUID). `failing` is an error code with which
    everything to her ends undelivered.
    """

    def __init__(self, fake: FakeTwilio, channel: str, number: str, user_id: str, name: str) -> None:
        super().__init__(number or user_id)
        self.fake = fake
        self.channel = channel
        self.number = number
        self.user_id = user_id
        self.name = name
        self.seen_typing: list[str] = []
        self.failing = 0
        self.opted_out = False
        self.window_until = 0.0

    @property
    def address(self) -> str:
        """How the bot knows her: a number in E.164 or a BSUID, without a prefix."""
        return self.number or self.user_id

    @property
    def remote(self) -> str:
        """How Twilio writes her."""
        return f"whatsapp:{self.address}" if self.channel == "whatsapp" else self.address

    # What she does

    def says(self, text: str, **more: str) -> str:
        """Write a text; `more` are parameters that Twilio adds."""
        return self._send(text, {"MessageType": "text"} | self._opts(text) | more)

    def replies(self, shown: Shown, text: str) -> str:
        """Answer one message of the bot's, where it stands."""
        return self._send(text, {"MessageType": "text"} | self._context(shown.sid))

    def replies_with(self, shown: Shown, file: bytes, mime: str, caption: str = "") -> str:
        """Answer one message of the bot's with a picture or a voice message."""
        kind = mime.partition("/")[0]
        return self._send(caption, {"MessageType": kind} | self._context(shown.sid), [(file, mime)])

    def taps(self, label: str) -> str:
        """Press the newest quick reply, or pick the newest row, with this label (or whose label ends so)."""
        for shown in reversed(self.chat):
            for row in shown.rows:
                if row.label == label or row.label.endswith(f" {label}"):
                    return self._tap(shown, row)
        raise AssertionError(f"no button {label!r}; there are {[each.buttons for each in self.chat if each.rows]}")

    def sends_photo(self, data: bytes, caption: str = "", *, mime: str = "image/jpeg") -> str:
        """Send a picture."""
        return self._send(caption, {"MessageType": "image"}, [(data, mime)])

    def sends_photos(self, pictures: list[bytes], caption: str = "") -> list[str]:
        """Send several pictures at once: on WhatsApp a message each, in a MMS all in one."""
        if self.channel == "sms":
            return [self._send(caption, {}, [(data, "image/jpeg") for data in pictures])]
        return [self.sends_photo(data, "" if number else caption) for number, data in enumerate(pictures)]

    def sends_voice(self, data: bytes) -> str:
        """Send a voice message."""
        return self._send("", {"MessageType": "audio"}, [(data, "audio/ogg")])

    def sends_sticker(self, data: bytes = b"RIFF sticker") -> str:
        """Send a sticker."""
        return self._send("", {"MessageType": "sticker"}, [(data, "image/webp")])

    def sends_document(self, data: bytes, mime: str, caption: str = "") -> str:
        """Send any file."""
        return self._send(caption, {"MessageType": "document"}, [(data, mime)])

    def shares_contact(self, card: bytes = VCARD) -> str:
        """Share somebody's number."""
        return self._send("", {"MessageType": "contacts"}, [(card, "text/vcard")])

    def sends_location(self, lat: float, lon: float, *, label: str = "", street: str = "") -> str:
        """Send a pin, or a place with its name."""
        assert self.channel == "whatsapp", "a SMS carries no pin"
        point = {"MessageType": "location", "Latitude": str(lat), "Longitude": str(lon)}
        named = {"Label": label, "Address": street} if label or street else {}
        return self._send(label, point | named)

    def reads(self) -> None:
        """Look at all that came: WhatsApp tells the sender."""
        for shown in self.chat:
            self.fake.carrier.read(shown.sid)

    def writes_nowhere(self, text: str) -> str:
        """Write while no webhook can be reached: Twilio keeps the message, and nobody is told."""
        message = self._keep(text, [])
        return message.sid

    # How Twilio tells it

    def _tap(self, shown: Shown, row: Button) -> str:
        said = {"MessageType": "button" if shown.template else "interactive"} | self._context(shown.sid)
        if shown.kind == "list" and self.fake.list_says == "ListId":
            return self._send(row.label, said | {"ListId": row.data, "ListTitle": row.label})
        button = {"ButtonPayload": row.data, "ButtonText": row.label, "ButtonType": "QUICK_REPLY"}
        return self._send(row.label, said | button)

    def _context(self, sid: str) -> Params:
        return {"OriginalRepliedMessageSid": sid, "OriginalRepliedMessageSender": self.fake.sender(self.channel)}

    def _opts(self, text: str) -> Params:
        """Twilio takes some words for itself, by itself on SMS, everywhere with Advanced Opt-Out."""
        advanced, word = self.fake.advanced_opt_out, text.strip().upper()
        if self.channel != "sms" and not advanced:
            return {}
        for kind, own, more in (
            ("STOP", STOP, ADVANCED_STOP),
            ("START", START, ADVANCED_START),
            ("HELP", HELP, ADVANCED_HELP),
        ):
            if word in own or (advanced and word in more):
                self.opted_out = kind == "STOP" or (self.opted_out and kind == "HELP")
                self.show(Shown("", f"Twilio: {kind}"))
                self._read += 1
                return {"OptOutType": kind} if advanced else {}
        return {}

    def _keep(self, text: str, files: list[tuple[bytes, str]]) -> Message:
        now = self.fake.now()
        self.window_until = now + 86_400.0
        message = self.fake.messages.new(
            self.fake.sender(self.channel),
            self.remote,
            text,
            "inbound",
            "received",
            media=len(files),
            sent=now,
            service=self.fake.service if self.channel == "sms" else "",
        )
        for data, mime in files:
            self.fake.files.keep(message.sid, data, mime)
        return message

    def _send(self, text: str, more: Params, files: list[tuple[bytes, str]] | None = None) -> str:
        message = self._keep(text, files or [])
        params = self._common(message) | (more if self.channel == "whatsapp" else _plain(more))
        for number, kept in enumerate(self.fake.files.of(message.sid)):
            params[f"MediaUrl{number}"] = self.fake.file_address(message.sid, kept.sid)
            params[f"MediaContentType{number}"] = kept.mime
        self.fake.bring(self.channel, params, self.remote)
        return message.sid

    def _common(self, message: Message) -> Params:
        params = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsMessageSid": message.sid,
            "AccountSid": self.fake.account_sid,
            "ApiVersion": "2010-04-01",
            "From": self.remote,
            "To": message.to,
            "Body": message.body,
            "NumMedia": str(message.media),
            "NumSegments": "1",
            "SmsStatus": "received",
        }
        if self.channel == "sms":
            service = {"MessagingServiceSid": self.fake.service} if self.fake.service else {}
            return params | service | {"FromCountry": "AR", "ToCountry": "AR", "FromCity": "", "FromState": ""}
        wa_id = {"WaId": self.number.lstrip("+")} if self.number else {}
        who = {"ProfileName": self.name, "ExternalUserId": self.user_id, "ReferralNumMedia": "0"}
        return params | who | wa_id


def _plain(more: Params) -> Params:
    """What reaches the bot by SMS: no kinds, buttons or replies."""
    whatsapp_only = ("MessageType", "Button", "List", "OriginalReplied", "Latitude", "Longitude", "Address", "Label")
    return {name: value for name, value in more.items() if not name.startswith(whatsapp_only)}
