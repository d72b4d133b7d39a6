"""The operations of Twilio's API on the fake: what they change, and what they answer."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from tests.fakes.twilio_messages import Message, Resource, page, written
from tests.fakes.twilio_trouble import ApiError, Call

if TYPE_CHECKING:
    from tests.fakes.twilio import FakeTwilio

Operation = Callable[..., Awaitable[web.Response]]
_SID = r"([A-Z]{2}[0-9a-fA-F]{32})"
_HERE = rf"/2010-04-01/Accounts/{_SID}"


class Methods:
    """One coroutine per operation; what is here is what the bot may call."""

    def __init__(self, fake: FakeTwilio) -> None:
        self.fake = fake
        self._table: list[tuple[str, re.Pattern[str], Operation]] = [
            (method, re.compile(path), operation)
            for method, path, operation in (
                ("GET", rf"{_HERE}/Messages\.json", self.list_messages),
                ("GET", rf"{_HERE}/Messages/{_SID}\.json", self.get_message),
                ("GET", rf"{_HERE}/Messages/{_SID}/Media\.json", self.list_media),
                ("GET", rf"{_HERE}/Messages/{_SID}/Media/{_SID}", self.get_media),
                ("DELETE", rf"{_HERE}/Messages/{_SID}/Media/{_SID}\.json", self.delete_media),
                ("GET", rf"{_HERE}/IncomingPhoneNumbers\.json", self.list_numbers),
                ("POST", rf"{_HERE}/IncomingPhoneNumbers/{_SID}\.json", self.set_number),
                ("POST", rf"/v1/Services/{_SID}", self.set_service),
                ("GET", r"/v1/Content", self.list_contents),
                ("POST", r"/v1/Content", self.create_content),
                ("POST", r"/v3/Indicators/Typing\.json", self.show_typing),
            )
        ]

    async def perform(self, call: Call) -> web.Response:
        """Do what is asked; raises ApiError."""
        for method, path, operation in self._table:
            if method == call.method and (found := path.fullmatch(call.path)):
                sids = [sid for sid in found.groups() if not sid.startswith("AC")]
                return await operation(call, *sids)
        raise ApiError(404, 20404, f"The requested resource {call.path} was not found")

    async def list_messages(self, call: Call) -> web.Response:
        most = self.fake.most_page or 1000
        return web.json_response(self.fake.messages.page(self.fake.account_sid, call.form, most))

    async def get_message(self, call: Call, sid: str) -> web.Response:
        return web.json_response(self.fake.messages.get(sid).resource(self.fake.account_sid))

    async def list_media(self, call: Call, sid: str) -> web.Response:
        message = self.fake.messages.get(sid)
        rows = [self._media(message, kept.sid, kept.mime) for kept in self.fake.files.of(sid)]
        return web.json_response(page(call.path, call.form, rows, "media_list", 50, 0))

    def _media(self, message: Message, sid: str, mime: str) -> Resource:
        made = written(message.created)
        uri = f"/2010-04-01/Accounts/{self.fake.account_sid}/Messages/{message.sid}/Media/{sid}.json"
        told = {"sid": sid, "account_sid": self.fake.account_sid, "parent_sid": message.sid, "uri": uri}
        return told | {"content_type": mime, "date_created": made, "date_updated": made}

    async def get_media(self, call: Call, message: str, sid: str) -> web.Response:
        kept = self.fake.files.get(sid)
        if kept is None or kept.message != message:
            raise ApiError(404, 20404, f"The requested resource {call.path} was not found")
        return self.fake.files.redirect(sid)

    async def delete_media(self, call: Call, message: str, sid: str) -> web.Response:
        if not self.fake.files.remove(sid):
            raise ApiError(404, 20404, f"The requested resource {call.path} was not found")
        return web.Response(status=204)

    async def list_numbers(self, call: Call) -> web.Response:
        wanted = call.form.get("PhoneNumber", self.fake.sms_from)
        rows = [self._number()] if wanted == self.fake.sms_from else []
        return web.json_response(page(call.path, call.form, rows, "incoming_phone_numbers", 50, 0))

    def _number(self) -> Resource:
        url, fallback = self.fake.listeners["sms"]
        told = {"sid": self.fake.number_sid, "phone_number": self.fake.sms_from, "friendly_name": "Reclamos"}
        return told | {"sms_url": url, "sms_fallback_url": fallback, "sms_method": "POST"}

    async def set_number(self, call: Call, sid: str) -> web.Response:
        if sid != self.fake.number_sid:
            raise ApiError(404, 20404, f"The requested resource {call.path} was not found")
        url, fallback = self.fake.listeners["sms"]
        self.fake.listen("sms", call.form.get("SmsUrl", url), call.form.get("SmsFallbackUrl", fallback))
        return web.json_response(self._number())

    async def set_service(self, call: Call, sid: str) -> web.Response:
        if sid != self.fake.service:
            raise ApiError(404, 20404, f"The requested resource {call.path} was not found")
        url, fallback = self.fake.listeners["sms"]
        self.fake.listen("sms", call.form.get("InboundRequestUrl", url), call.form.get("FallbackUrl", fallback))
        return web.json_response({"sid": sid, "inbound_request_url": self.fake.listeners["sms"][0]})

    async def list_contents(self, call: Call) -> web.Response:
        rows = [content.resource for content in self.fake.contents.rows()]
        size, number = int(call.form.get("PageSize", 50)), int(call.form.get("Page", 0))
        size = min(size, self.fake.most_page or size)
        query = urlencode({"PageSize": size, "Page": number + 1, "PageToken": "DNHX"})
        more = (number + 1) * size < len(rows)
        meta = {"page": number, "page_size": size, "key": "contents"}
        # The provider names its own host here, whatever it was asked at.
        meta["next_page_url"] = f"https://content.twilio.com/v1/Content?{query}" if more else None
        return web.json_response({"contents": rows[number * size : (number + 1) * size], "meta": meta})

    async def create_content(self, call: Call) -> web.Response:
        return web.json_response(self.fake.contents.create(call.body).resource, status=201)

    async def show_typing(self, call: Call) -> web.Response:
        body: Any = call.body
        if not isinstance(body, dict) or set(body) != {"channel", "messageId"} or body["channel"] != "WHATSAPP":
            raise ApiError(400, 20001, f"Bad request: {json.dumps(body)[:100]}")
        message = self.fake.messages.get(body["messageId"])
        phone = self.fake.people.get(message.sender)
        if phone is None or phone.channel != "whatsapp":
            raise ApiError(400, 20001, "Bad request: not a message of somebody on WhatsApp")
        phone.seen_typing.append(message.sid)
        return web.json_response({"success": True})
