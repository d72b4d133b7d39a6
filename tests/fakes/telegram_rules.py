"""What the Bot API accepts: a small description written by hand for the calls this bot makes, the provider's own
machine-readable one where it lies beside the checkout, and the limits that neither a type nor a required field tells.

A type is written as the Bot API writes it ("Integer", "Array of BotCommand"), alternatives with "|", a fixed value as
"=photo"; "!" marks what is required.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Params = dict[str, Any]

SHARED = Path(os.environ.get("BALDOSA_SHARED") or Path(__file__).resolve().parents[3] / "shared")
PROVIDERS_OWN = SHARED / "specs" / "telegram_bot_api.json"

_SENDING = {
    "chat_id": "Integer|String!",
    "message_thread_id": "Integer",
    "disable_notification": "Boolean",
    "reply_parameters": "ReplyParameters",
}
_MARKED = _SENDING | {"reply_markup": "InlineKeyboardMarkup|ReplyKeyboardMarkup|ReplyKeyboardRemove"}
_CAPTIONED = _MARKED | {"caption": "String"}
_POINT = _MARKED | {"latitude": "Float!", "longitude": "Float!"}

METHODS: dict[str, dict[str, str]] = {
    "getMe": {},
    "setWebhook": {
        "url": "String!",
        "secret_token": "String",
        "allowed_updates": "Array of String",
        "max_connections": "Integer",
        "drop_pending_updates": "Boolean",
    },
    "deleteWebhook": {"drop_pending_updates": "Boolean"},
    "getWebhookInfo": {},
    "getUpdates": {
        "offset": "Integer",
        "limit": "Integer",
        "timeout": "Integer",
        "allowed_updates": "Array of String",
    },
    "sendMessage": _MARKED | {"text": "String!", "link_preview_options": "LinkPreviewOptions"},
    "sendPhoto": _CAPTIONED | {"photo": "InputFile|String!"},
    "sendVideo": _CAPTIONED | {"video": "InputFile|String!"},
    "sendVoice": _CAPTIONED | {"voice": "InputFile|String!"},
    "sendDocument": _CAPTIONED | {"document": "InputFile|String!"},
    "sendMediaGroup": _SENDING | {"media": "Array of InputMediaPhoto|Array of InputMediaVideo!"},
    "sendLocation": _POINT | {"horizontal_accuracy": "Float"},
    "sendVenue": _POINT | {"title": "String!", "address": "String!"},
    "sendChatAction": {"chat_id": "Integer|String!", "action": "String!"},
    "answerCallbackQuery": {"callback_query_id": "String!", "text": "String", "show_alert": "Boolean"},
    "editMessageReplyMarkup": {
        "chat_id": "Integer|String!",
        "message_id": "Integer!",
        "reply_markup": "InlineKeyboardMarkup",
    },
    "editMessageText": {
        "chat_id": "Integer|String!",
        "message_id": "Integer!",
        "text": "String!",
        "link_preview_options": "LinkPreviewOptions",
        "reply_markup": "InlineKeyboardMarkup",
    },
    "editMessageCaption": {
        "chat_id": "Integer|String!",
        "message_id": "Integer!",
        "caption": "String",
        "reply_markup": "InlineKeyboardMarkup",
    },
    "setMyCommands": {"commands": "Array of BotCommand!", "scope": "BotCommandScopeChat", "language_code": "String"},
    "deleteMyCommands": {"scope": "BotCommandScopeChat", "language_code": "String"},
    "getFile": {"file_id": "String!"},
}

TYPES: dict[str, dict[str, str]] = {
    "ReplyParameters": {"message_id": "Integer!", "allow_sending_without_reply": "Boolean"},
    "LinkPreviewOptions": {"is_disabled": "Boolean"},
    "InlineKeyboardMarkup": {"inline_keyboard": "Array of Array of InlineKeyboardButton!"},
    "InlineKeyboardButton": {"text": "String!", "callback_data": "String", "url": "String"},
    "ReplyKeyboardMarkup": {
        "keyboard": "Array of Array of KeyboardButton!",
        "resize_keyboard": "Boolean",
        "one_time_keyboard": "Boolean",
    },
    "KeyboardButton": {"text": "String!", "request_location": "Boolean", "request_contact": "Boolean"},
    "ReplyKeyboardRemove": {"remove_keyboard": "Boolean!"},
    "InputMediaPhoto": {"type": "=photo!", "media": "String!", "caption": "String"},
    "InputMediaVideo": {"type": "=video!", "media": "String!", "caption": "String"},
    "BotCommand": {"command": "String!", "description": "String!"},
    "BotCommandScopeChat": {"type": "=chat!", "chat_id": "Integer|String!"},
}


class Field(NamedTuple):
    """What a field may hold, and whether it must be there."""

    types: tuple[str, ...]
    required: bool


class Description:
    """A description of the Bot API: `methods` and `types` by name, `unions` with their members."""

    def __init__(
        self,
        methods: dict[str, dict[str, Field]],
        types: dict[str, dict[str, Field]],
        unions: dict[str, tuple[str, ...]],
    ) -> None:
        self.methods = methods
        self.types = types
        self.unions = unions

    def check(self, method: str, params: Params, files: Mapping[str, object]) -> list[str]:
        """Everything wrong with a call; `files` are the uploads by field."""
        fields = self.methods.get(method)
        if fields is None:
            return [f"{method} is no method of the Bot API"]
        unnamed = {f"attach://{name}" for name in files if name not in fields}
        text = json.dumps(params)
        lost = [f"{method}: {name} is attached and not used" for name in sorted(unnamed) if name not in text]
        return lost + list(self._members(params | {name: "" for name in files if name in fields}, fields, method))

    def misfits(self, value: object, kind: str, path: str = "") -> list[str]:
        """Everything wrong with `value` as a `kind`."""
        if kind.startswith("="):
            return [] if value == kind[1:] else [f"{path} must be {kind[1:]}, not {value!r}"]
        if kind in _SIMPLE:
            return [] if _SIMPLE[kind](value) else [f"{path} is no {kind}: {value!r}"]
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{path} is no list: {value!r}"]
            inner = kind.removeprefix("Array of ")
            return [fault for at, each in enumerate(value) for fault in self.misfits(each, inner, f"{path}[{at}]")]
        if kind in self.unions:
            return self._best(value, self.unions[kind], path)
        if not isinstance(value, dict):
            return [f"{path} is no {kind}: {value!r}"]
        return list(self._members(value, self.types[kind], path))

    def _members(self, value: Mapping[str, object], fields: Mapping[str, Field], path: str) -> Iterator[str]:
        for name in value:
            if name not in fields:
                yield f"{path}.{name} is unknown"
        for name, field in fields.items():
            if name in value:
                yield from self._best(value[name], field.types, f"{path}.{name}")
            elif field.required:
                yield f"{path}.{name} is missing"

    def _best(self, value: object, kinds: tuple[str, ...], path: str) -> list[str]:
        """The faults under the alternative that fits best; a list may mix the members of several list types."""
        lists = tuple(kind.removeprefix("Array of ") for kind in kinds if kind.startswith("Array of "))
        if len(lists) > 1 and isinstance(value, list):
            return [fault for at, each in enumerate(value) for fault in self._best(each, lists, f"{path}[{at}]")]
        return min((self.misfits(value, kind, path) for kind in kinds), key=len)


_SIMPLE: dict[str, Callable[[object], bool]] = {
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "InputFile": lambda value: isinstance(value, str),
}


def by_hand() -> Description:
    """The description that is always there."""

    def read(fields: dict[str, str]) -> dict[str, Field]:
        return {name: Field(tuple(kind.rstrip("!").split("|")), kind.endswith("!")) for name, kind in fields.items()}

    return Description(
        {name: read(fields) for name, fields in METHODS.items()},
        {name: read(fields) for name, fields in TYPES.items()},
        {},
    )


@cache
def providers_own() -> Description | None:
    """The whole Bot API in its own words, None where the folder with it is absent (BALDOSA_SHARED names it)."""
    if not PROVIDERS_OWN.exists():
        return None
    document = json.loads(PROVIDERS_OWN.read_text())

    def read(item: dict[str, Any]) -> dict[str, Field]:
        return {field["name"]: Field(_kinds(field), field["required"]) for field in item.get("fields", [])}

    return Description(
        {name: read(item) for name, item in document["methods"].items()},
        {name: read(item) for name, item in document["types"].items()},
        {name: tuple(item["subtypes"]) for name, item in document["types"].items() if item.get("subtypes")},
    )


def _kinds(field: dict[str, Any]) -> tuple[str, ...]:
    # "Type of the result, must be photo" is said in prose only.
    fixed = re.search(r"must be (\w+)$", field["description"]) if field["name"] == "type" else None
    return (f"={fixed[1]}",) if fixed else tuple(field["types"])


def read_params(method: str, given: Mapping[str, str], description: Description) -> Params:
    """The parameters of a form or query: everything but text arrives as JSON."""
    fields = description.methods.get(method, {})
    return {name: _value(text, fields.get(name)) for name, text in given.items()}


def _value(text: str, field: Field | None) -> Any:
    if field is None or set(field.types) <= {"String", "InputFile"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def limits(method: str, params: Params, *, private: bool) -> list[str]:
    """What is too long, too much or in the wrong place."""
    faults = [*_text_limits(params), *_markup_limits(params.get("reply_markup"), private)]
    if check := _LIMITS.get(method):
        faults += check(params)
    return [f"{method}: {fault}" for fault in faults]


def _text_limits(params: Params) -> Iterator[str]:
    if "text" in params and not 1 <= units(params["text"].strip()) <= 4096:
        yield f"message text of {units(params['text'])} units"
    captions = [params.get("caption", ""), *(each.get("caption", "") for each in params.get("media", []))]
    if longest := [caption for caption in captions if units(caption) > 1024]:
        yield f"caption of {units(longest[0])} units"


def _markup_limits(markup: Params | None, private: bool) -> Iterator[str]:
    markup = markup or {}
    inline = [button for row in markup.get("inline_keyboard", []) for button in row]
    if len(inline) > 100:
        yield f"{len(inline)} buttons"
    for row in markup.get("inline_keyboard", []):
        if not 1 <= len(row) <= 8:
            yield f"a row of {len(row)} buttons"
    for button in inline:
        yield from _inline_button_limits(button)
    for button in (button for row in markup.get("keyboard", []) for button in row):
        if not button["text"]:
            yield "a button without words"
        if not private and (button.get("request_location") or button.get("request_contact")):
            yield "location and phone number can be requested in private chats only"


def _inline_button_limits(button: Params) -> Iterator[str]:
    if not button["text"]:
        yield "a button without words"
    if len({"callback_data", "url"} & set(button)) != 1:
        yield f"a button that does {sorted(button)}"
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        yield "BUTTON_DATA_INVALID"
    if "url" in button and not _public(button["url"]):
        yield f"button url {button['url']!r} is invalid: wrong HTTP URL"


def _public(url: str) -> bool:
    parts = urlsplit(url)
    try:
        return ipaddress.ip_address(parts.hostname or "").is_global
    except ValueError:
        return parts.scheme in ("http", "https", "tg") and "." in (parts.hostname or "")


def _album_limits(params: Params) -> Iterator[str]:
    if not 2 <= len(params["media"]) <= 10:
        yield f"an album of {len(params['media'])}"


def _webhook_limits(params: Params) -> Iterator[str]:
    parts = urlsplit(params["url"])
    # Telegram wants https on 443, 80, 88 or 8443; a test's own server on loopback is let through.
    if parts.hostname != "127.0.0.1" and (parts.scheme != "https" or (parts.port or 443) not in (443, 80, 88, 8443)):
        yield "bad webhook: an HTTPS URL must be provided"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", params.get("secret_token", "")):
        yield "webhook without a secret, or with characters that none may hold"
    if params.get("drop_pending_updates"):
        yield "dropping what citizens wrote meanwhile"
    if not params.get("allowed_updates"):
        yield "allowed_updates is not said, so that the setting before it stays"


def _command_limits(params: Params) -> Iterator[str]:
    if len(params["commands"]) > 100:
        yield "more than 100 commands"
    for command in params["commands"]:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
            yield f"BOT_COMMAND_INVALID {command}"
    if not re.fullmatch(r"([a-z]{2})?", params.get("language_code", "")):
        yield f"language code {params['language_code']!r}"


def _point_limits(params: Params) -> Iterator[str]:
    if not (-90 <= params["latitude"] <= 90 and -180 <= params["longitude"] <= 180):
        yield "coordinates off the earth"
    if not 0 <= params.get("horizontal_accuracy", 0) <= 1500:
        yield "accuracy beyond 1500 m"
    if params.get("title") == "" or params.get("address") == "":
        yield "a venue without title or address"


_LIMITS: dict[str, Callable[[Params], Iterator[str]]] = {
    "sendMediaGroup": _album_limits,
    "sendLocation": _point_limits,
    "sendVenue": _point_limits,
    "setWebhook": _webhook_limits,
    "setMyCommands": _command_limits,
}
