"""The calls to Twilio's API through its own client: each takes a bounded time and fails in our classes."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from twilio.rest import Client
from yarl import URL

from bot.channels import SendError
from bot.channels.twilio_errors import error_class
from bot.channels.twilio_wire import CALL_SECONDS, MEDIA_HOSTS, Wire

__all__ = ["API_URL", "CALL_SECONDS", "Api", "Form", "Number", "Remote", "error_class"]

log = logging.getLogger("baldosa.twilio")

API_URL = "https://api.twilio.com"
PAGE = 100
MOST_CONTENTS = 1000
# The SDK would let the environment (TWILIO_EDGE, TWILIO_REGION) move the API's address; ours is a setting.
_NO_ENVIRONMENT = {"TWILIO_REGION": "", "TWILIO_EDGE": ""}
_MEDIA_PATH = re.compile(r"/2010-04-01/Accounts/AC\w{32}/Messages/[SM]M\w{32}/Media/ME\w{32}")

Form = Mapping[str, str | Sequence[str]]


class Remote(Struct, frozen=True, kw_only=True):
    """A message as Twilio has it, times in Unix seconds.

    `to` and `sender` are as Twilio writes them ("whatsapp:+54…"); `error_code` "" is none; `sent` is None until it left
    Twilio; `segments` is 0 until a messaging service knows them; `media` counts its files; `service` is the messaging
    service it belongs to, if to any.
    """

    sid: str
    status: str
    direction: str = ""
    to: str = ""
    sender: str = ""
    body: str = ""
    segments: int = 1
    error_code: str = ""
    created: float = 0.0
    sent: float | None = None
    media: int = 0
    service: str = ""


class Number(Struct, frozen=True):
    """A phone number of the account's, and where messages to it are brought."""

    sid: str
    number: str
    sms_url: str
    fallback_url: str


class Api:
    """One account's way to Twilio. Every method raises SendError and nothing else.

    Where `api_url` is not Twilio's own, the same base serves what Twilio has at content. and messaging.twilio.com.
    `media_hosts` may be asked for files without our credentials; at a base on loopback, loopback may too.
    """

    def __init__(
        self, account_sid: str, auth_token: str, api_url: str = API_URL, *, media_hosts: Sequence[str] = MEDIA_HOSTS
    ) -> None:
        self._sid = account_sid
        self._auth = (account_sid, auth_token)
        self._base = api_url.rstrip("/")
        self._wire = Wire(URL(self._base), media_hosts)
        self._client = Client(account_sid, auth_token, http_client=self._wire, environment=_NO_ENVIRONMENT)

    # Messages

    async def create(self, form: Form) -> Remote:
        """Send a message. "ambiguous" when it may have gone out; empty parameters are left out."""
        given = {name: value for name, value in form.items() if value}
        return _remote(await self._call("POST", self._account("Messages.json"), given))

    async def message(self, sid: str) -> Remote:
        """What became of a message; "content" when there is none."""
        return _remote(await self._call("GET", self._account(f"Messages/{sid}.json")))

    async def messages(self, *, to: str = "", sender: str = "", since: float, most: int = 200) -> list[Remote]:
        """The messages created since then, newest first, `most` at most; `to` and `sender` as Twilio writes them."""
        # Twilio tells whole seconds. No DateSent filter: it knows whole days only, and leaves out what is still queued.
        since = math.floor(since)
        filters = {"To": to, "From": sender, "PageSize": str(PAGE)}
        found: list[Remote] = []
        passed = 0
        async for row in self._pages("Messages.json", "messages", filters):
            remote = _remote(row)
            if remote.created >= since:
                found.append(remote)
            # Twilio lists by the time of sending; a message can be older than the one listed after it, and one that
            # waits for hours in Twilio's queue says nothing of those after it.
            elif remote.sent is not None and remote.sent < since:
                break
            else:
                passed += 1
            if most in (len(found), passed):
                break
        return found

    # Files

    async def media_list(self, sid: str) -> list[tuple[str, str]]:
        """(media sid, content type) of each of a message's files; `media_url` says where it is."""
        rows = self._pages(f"Messages/{sid}/Media.json", "media_list", {})
        return [(_text(row, "sid"), _text(row, "content_type")) async for row in rows]

    def media_url(self, sid: str, media_sid: str) -> str:
        """Where a file of a message is."""
        return self._account(f"Messages/{sid}/Media/{media_sid}")

    async def media(self, url: str, most: int) -> bytes:
        """A file of at most `most` bytes. Our credentials are shown to the API's own host and to no other.

        "content" when it is larger, gone or elsewhere; "not_sent" when it did not come.
        """
        if self._wire.is_own(url):
            self._expect_media(url)
        return await self._wire.download(url, most, self._auth)

    async def delete_media(self, url: str) -> None:
        """Remove a file at Twilio, where it otherwise stays for ever; one that is gone already is fine."""
        self._expect_media(url)
        try:
            await self._request("DELETE", f"{url}.json")
        except SendError as error:
            if error.kind != "content":
                raise

    def _expect_media(self, url: str) -> None:
        if not self._wire.is_own(url) or not _MEDIA_PATH.search(urlsplit(url).path):
            raise SendError("content", "not the address of a file at Twilio")

    # Beside the messages

    async def typing(self, sid: str) -> None:
        """Mark a WhatsApp message as read and show that an answer is coming; a failure costs nobody anything."""
        said = {"channel": "WHATSAPP", "messageId": sid}
        try:
            await self._call("POST", f"{self._host('messaging')}/v3/Indicators/Typing.json", said, as_json=True)
        except SendError as error:
            log.debug("typing not shown", extra={"kind": error.kind, "detail": error.detail})

    async def contents(self) -> dict[str, str]:
        """The account's contents: friendly name -> ContentSid, the newest of a name."""
        newest: dict[str, tuple[str, str]] = {}
        path, base = f"/v1/Content?PageSize={PAGE}", self._host("content")
        while path and len(newest) < MOST_CONTENTS:
            page = await self._call("GET", base + path)
            for row in _rows(page, "contents"):
                name, made = _text(row, "friendly_name"), (_text(row, "date_created"), _text(row, "sid"))
                newest[name] = max(newest.get(name, made), made)
            meta = page.get("meta")
            path = _path(meta.get("next_page_url")) if isinstance(meta, dict) else ""
        return {name: sid for name, (_, sid) in newest.items()}

    async def create_content(self, content: Mapping[str, object]) -> str:
        """Make a content (friendly_name, language, variables, types); return its ContentSid."""
        made = await self._call("POST", f"{self._host('content')}/v1/Content", content, as_json=True)
        return _text(made, "sid")

    async def numbers(self, number: str = "") -> list[Number]:
        """The account's phone numbers, or the one that is `number`."""
        rows = self._pages("IncomingPhoneNumbers.json", "incoming_phone_numbers", {"PhoneNumber": number})
        return [
            Number(_text(row, "sid"), _text(row, "phone_number"), _text(row, "sms_url"), _text(row, "sms_fallback_url"))
            async for row in rows
        ]

    async def set_webhooks(self, sender: str, url: str, fallback_url: str) -> bool:
        """Have what is sent to a number or a messaging service ("MG…") brought to `url`.

        False when the account has no such number; a number that is set already is left alone.
        """
        if sender.startswith("MG"):
            form = {"InboundRequestUrl": url, "InboundMethod": "POST"}
            form |= {"FallbackUrl": fallback_url, "FallbackMethod": "POST"}
            await self._call("POST", f"{self._host('messaging')}/v1/Services/{sender}", form)
            return True
        for each in await self.numbers(sender):
            if (each.sms_url, each.fallback_url) != (url, fallback_url):
                form = {"SmsUrl": url, "SmsMethod": "POST"}
                form |= {"SmsFallbackUrl": fallback_url, "SmsFallbackMethod": "POST"}
                await self._call("POST", self._account(f"IncomingPhoneNumbers/{each.sid}.json"), form)
            return True
        return False

    async def close(self) -> None:
        """Hang up."""
        await self._wire.close()

    # How it is asked

    def _account(self, path: str) -> str:
        return f"{self._base}/2010-04-01/Accounts/{self._sid}/{path}"

    def _host(self, name: str) -> str:
        return f"https://{name}.twilio.com" if self._base == API_URL else self._base

    async def _pages(self, path: str, name: str, filters: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        url = str(URL(self._account(path)).update_query({key: value for key, value in filters.items() if value}))
        while url:
            page = await self._call("GET", url)
            for row in _rows(page, name):
                yield row
            # Only the path is taken: credentials go nowhere but to our own base.
            following = _path(page.get("next_page_uri"))
            url = self._base + following if following else ""

    async def _call(
        self, method: str, url: str, data: Mapping[str, object] | None = None, *, as_json: bool = False
    ) -> dict[str, Any]:
        text = await self._request(method, url, data, as_json=as_json)
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise SendError("ambiguous" if method == "POST" else "server", "an answer that is no JSON") from None

    async def _request(
        self, method: str, url: str, data: Mapping[str, object] | None = None, *, as_json: bool = False
    ) -> str:
        headers = {"Content-Type": "application/json"} if as_json else {}
        body = dict(data) if data else None
        answer = await self._client.request_async(method, url, data=body, headers=headers)
        return str(answer.text)


def _path(url: object) -> str:
    if not isinstance(url, str) or not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _rows(page: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = page.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "")


def _remote(row: Mapping[str, Any]) -> Remote:
    return Remote(
        sid=_text(row, "sid"),
        status=_text(row, "status"),
        direction=_text(row, "direction"),
        to=_text(row, "to"),
        sender=_text(row, "from"),
        body=_text(row, "body"),
        segments=_number(row, "num_segments"),
        error_code=_text(row, "error_code"),
        created=_seconds(row, "date_created") or 0.0,
        sent=_seconds(row, "date_sent"),
        media=_number(row, "num_media"),
        service=_text(row, "messaging_service_sid"),
    )


def _number(row: Mapping[str, Any], name: str) -> int:
    text = _text(row, name)
    return int(text) if text.isdecimal() else 0


def _seconds(row: Mapping[str, Any], name: str) -> float | None:
    try:
        return parsedate_to_datetime(_text(row, name)).timestamp()
    except ValueError:
        return None
