"""What the fake Twilio does with a message: takes it or not, carries it, and tells what became of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.fakes.twilio_contents import Rendered
from tests.fakes.twilio_messages import Message
from tests.fakes.twilio_people import FakePhone, Shown
from tests.fakes.twilio_rules import segments
from tests.fakes.twilio_trouble import ApiError

if TYPE_CHECKING:
    from tests.fakes.twilio import FakeTwilio

Params = dict[str, str]
Given = list[tuple[str, str]]

RANK = {"accepted": 0, "queued": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 4}
MOST_BODY = 1600
MOST_MEDIA = {"sms": 10, "whatsapp": 1}
IMAGE_BYTES = 5 * 1024 * 1024
LOOP_SECONDS, LOOP_MESSAGES = 30.0, 30


class Carrier:
    """Takes and carries. `endings` are error codes with which the next messages end, whoever they are for."""

    def __init__(self, fake: FakeTwilio) -> None:
        self.fake = fake
        self.endings: list[int] = []
        self._turns: dict[str, asyncio.Lock] = {}

    def undelivered(self, code: int, messages: int = 1) -> None:
        """Let the next messages end undelivered with this code."""
        self.endings += [code] * messages

    # Taking

    def take(self, given: Given) -> Message:
        """Accept a message; raises ApiError for what Twilio refuses at once."""
        form = dict(given)
        channel = "whatsapp" if form["To"].startswith("whatsapp:") else "sms"
        service = form.get("MessagingServiceSid", "")
        self._check_sender(channel, form)
        phone = self.fake.people.get(form["To"])
        if phone is not None and phone.opted_out:
            raise ApiError(400, 21610, f"Attempt to send to unsubscribed recipient {form['To']}")
        self._check_loop(form["To"])
        rendered = self._rendered(form)
        files = [value for name, value in given if name == "MediaUrl"]
        self._check_limits(channel, rendered, files, form)
        count = segments(rendered.text)[0] if channel == "sms" and not files else 1
        return self.fake.messages.new(
            form["To"],
            self.fake.sender(channel),
            rendered.text,
            "outbound-api",
            "accepted" if service else "queued",
            media=len(files),
            segments=count,
            service=service,
            form=given,
        )

    def _check_sender(self, channel: str, form: Params) -> None:
        if service := form.get("MessagingServiceSid"):
            if service != self.fake.service or channel != "sms":
                raise ApiError(400, 21705, "The Messaging Service Sid is invalid")
            return
        sender = form.get("From", "")
        if not sender:
            raise ApiError(400, 21603, "A 'From' phone number is required")
        if channel == "whatsapp" and sender != self.fake.sender("whatsapp"):
            raise ApiError(400, 63007, "Twilio could not find a Channel with the specified From address")
        if channel == "sms" and sender != self.fake.sender("sms"):
            raise ApiError(400, 21606, f"The 'From' phone number {sender} is not a valid, SMS-capable number")
        if channel == "sms" and not _is_phone(form["To"]):
            raise ApiError(400, 21211, f"Invalid 'To' Phone Number: {form['To']}")

    def _check_loop(self, to: str) -> None:
        since = self.fake.now() - LOOP_SECONDS
        recent = [each for each in self.fake.messages.outgoing(to) if each.created > since]
        if self.fake.guards_loops and len(recent) >= LOOP_MESSAGES:
            raise ApiError(429, 14107, f"Rate limit exceeded for {to}")

    def _rendered(self, form: Params) -> Rendered:
        if "ContentSid" not in form:
            return Rendered(form.get("Body", ""))
        return self.fake.contents.render(form["ContentSid"], form.get("ContentVariables", ""))[0]

    def _check_limits(self, channel: str, rendered: Rendered, files: list[str], form: Params) -> None:
        if len(rendered.text) > MOST_BODY:
            raise ApiError(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if not rendered.text.strip() and not files:
            raise ApiError(400, 21619, "A text message body or media urls must be specified")
        if len(files) > MOST_MEDIA[channel]:
            raise ApiError(400, 21623, f"Number of media files exceeds allowed limit: {len(files)}")
        if channel == "sms" and ("ContentSid" in form or "PersistentAction" in form):
            raise ApiError(400, 21620, "No content and no pin goes by SMS")

    # Carrying

    async def carry(self, message: Message) -> None:
        """Bring it to the phone and tell the status callback; one person's messages in their order."""
        async with self._turns.setdefault(message.to, asyncio.Lock()):
            phone = self.fake.people.get(message.to)
            shown = await self._show(message)
            code = self._ending(phone, message, shown)
            if code or phone is None:
                self._end(message, "failed" if code == 63016 else "undelivered", code)
                steps = ["failed"] if code == 63016 else ["sent", "undelivered"]
            else:
                phone.show(shown)
                self._end(message, "delivered", 0)
                steps = ["sent", "delivered"]
        if message.callback:
            await self.fake.receipts.tell(message.callback, [self._step(message, status) for status in steps])

    def read(self, sid: str) -> None:
        """The person looked at a message; WhatsApp tells it once."""
        message = self.fake.messages.get(sid)
        if message.status == "delivered" and message.to.startswith("whatsapp:"):
            message.status = "read"
            if message.callback:
                step = self._step(message, "read") | {"EventType": "READ"}
                self.fake.webhooks.begin(self.fake.receipts.tell(message.callback, [step]))

    def _ending(self, phone: FakePhone | None, message: Message, shown: Shown) -> int:
        if self.endings:
            return self.endings.pop(0)
        if phone is None:
            return 63003 if message.to.startswith("whatsapp:") else 30005
        if len(shown.files) < message.media:
            return 63019
        free = phone.channel == "whatsapp" and not shown.template
        return 63016 if free and phone.window_until <= self.fake.now() else phone.failing

    def _end(self, message: Message, status: str, code: int) -> None:
        message.status, message.error, message.sent = status, code, self.fake.now()

    async def _show(self, message: Message) -> Shown:
        form = dict(message.form)
        rendered, template = Rendered(message.body), False
        if sid := form.get("ContentSid"):
            rendered, content = self.fake.contents.render(sid, form.get("ContentVariables", ""))
            template = content.approved
        fetched = [await self.fake.webhooks.fetch(url) for name, url in message.form if name == "MediaUrl"]
        kinds = ("image/", "audio/", "video/", "application/pdf", "text/vcard")
        good = [data for status, data, mime in fetched if status == 200 and mime.startswith(kinds)]
        return Shown(
            message.sid,
            rendered.text,
            rendered.kind,
            rendered.buttons,
            rendered.opener,
            [data for data in good if len(data) <= IMAGE_BYTES],
            _point(form.get("PersistentAction", "")),
            message.segments,
            template,
        )

    def _step(self, message: Message, status: str) -> Params:
        failed = status in ("failed", "undelivered") and message.error
        return (
            {
                "MessageSid": message.sid,
                "SmsSid": message.sid,
                "MessageStatus": status,
                "SmsStatus": status,
                "AccountSid": self.fake.account_sid,
                "ApiVersion": "2010-04-01",
                "From": message.sender,
                "To": message.to,
            }
            | ({"MessagingServiceSid": message.service} if message.service else {})
            | ({"ErrorCode": str(message.error)} if failed else {})
            | ({"RawDlrDoneDate": "2611211425"} if status == "delivered" and "whatsapp" not in message.to else {})
        )


def _is_phone(number: str) -> bool:
    return number.startswith("+") and number[1:].isdecimal() and 8 <= len(number) <= 16


def _point(action: str) -> tuple[float, float] | None:
    if not action.startswith("geo:"):
        return None
    lat, lon = action.removeprefix("geo:").partition("|")[0].split(",")
    return float(lat), float(lon)
