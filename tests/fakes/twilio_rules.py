"""What Twilio's API accepts: a small description written by hand for the calls this bot makes, the provider's own
machine-readable one where it lies beside the checkout, and how it counts segments.

Parameters are told by type: "string", "integer", "boolean", "uri", a pattern after "~", alternatives after "="; "[]" is
repeated, "!" is required. `providers_own` reads the same out of Twilio's OpenAPI document.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SHARED = Path(os.environ.get("BALDOSA_SHARED") or Path(__file__).resolve().parents[3] / "shared")
PROVIDERS_OWN = SHARED / "specs" / "twilio_api_v2010.json"

_HERE = "/2010-04-01/Accounts/{AccountSid}"
_PAGED = {"PageSize": "integer", "Page": "integer", "PageToken": "string"}
BY_HAND: dict[tuple[str, str], dict[str, str]] = {
    ("POST", f"{_HERE}/Messages.json"): {
        "To": "string!",
        "From": "string",
        "MessagingServiceSid": "~MG[0-9a-fA-F]{32}",
        "Body": "string",
        "MediaUrl": "uri[]",
        "ContentSid": "~HX[0-9a-fA-F]{32}",
        "ContentVariables": "string",
        "PersistentAction": "string[]",
        "StatusCallback": "uri",
        "ValidityPeriod": "integer",
        "SmartEncoded": "boolean",
    },
    ("GET", f"{_HERE}/Messages.json"): _PAGED
    | {"To": "string", "From": "string", "DateSent": "string", "DateSent<": "string", "DateSent>": "string"},
    ("GET", f"{_HERE}/Messages/{{Sid}}.json"): {},
    ("GET", f"{_HERE}/Messages/{{MessageSid}}/Media.json"): _PAGED,
    ("GET", f"{_HERE}/Messages/{{MessageSid}}/Media/{{Sid}}"): {},
    ("DELETE", f"{_HERE}/Messages/{{MessageSid}}/Media/{{Sid}}.json"): {},
    ("GET", f"{_HERE}/IncomingPhoneNumbers.json"): _PAGED | {"PhoneNumber": "string"},
    ("POST", f"{_HERE}/IncomingPhoneNumbers/{{Sid}}.json"): {
        "SmsUrl": "uri",
        "SmsMethod": "=GET POST",
        "SmsFallbackUrl": "uri",
        "SmsFallbackMethod": "=GET POST",
    },
    ("POST", "/v1/Services/{Sid}"): {
        "InboundRequestUrl": "uri",
        "InboundMethod": "=GET POST",
        "FallbackUrl": "uri",
        "FallbackMethod": "=GET POST",
    },
    ("GET", "/v1/Content"): _PAGED,
    ("POST", "/v1/Content"): {},
    ("POST", "/v3/Indicators/Typing.json"): {},
}


class Field(NamedTuple):
    """What a parameter may hold."""

    check: Callable[[str], bool]
    kind: str
    required: bool
    repeated: bool


class Description:
    """Operations by (method, path pattern) with their parameters."""

    def __init__(self, operations: Mapping[tuple[str, str], Mapping[str, Field]]) -> None:
        self._operations = [(method, _pattern(path), fields) for (method, path), fields in operations.items()]

    def check(self, method: str, path: str, given: list[tuple[str, str]]) -> list[str]:
        """Everything wrong with a call."""
        for known, pattern, fields in self._operations:
            if known == method and pattern.fullmatch(path):
                return list(self._faults(given, fields))
        return [f"{method} {path} is no operation of the API"]

    def _faults(self, given: list[tuple[str, str]], fields: Mapping[str, Field]) -> Iterator[str]:
        names = [name for name, _ in given]
        for name, value in given:
            field = fields.get(name)
            if field is None:
                yield f"{name} is no parameter"
            elif names.count(name) > 1 and not field.repeated:
                yield f"{name} is given {names.count(name)} times"
            elif not field.check(value):
                yield f"{name} is no {field.kind}: {value[:100]!r}"
        yield from (f"{name} is missing" for name, field in fields.items() if field.required and name not in names)


def _pattern(path: str) -> re.Pattern[str]:
    # A sid is two letters and 32 hexadecimal digits everywhere.
    return re.compile(re.sub(r"\\\{\w+\\\}", r"[A-Z]{2}[0-9a-fA-F]{32}", re.escape(path)))


def _field(kind: str) -> Field:
    name = kind.rstrip("!").removesuffix("[]")
    return Field(_checker(name), name, kind.endswith("!"), "[]" in kind)


def _checker(kind: str) -> Callable[[str], bool]:
    if kind.startswith("~"):
        return lambda value: re.fullmatch(kind[1:].removeprefix("^").removesuffix("$"), value) is not None
    if kind.startswith("="):
        return lambda value: value in kind[1:].split(" ")
    return _SIMPLE[kind]


def _is_uri(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value)


_SIMPLE: dict[str, Callable[[str], bool]] = {
    "string": lambda value: True,
    "integer": lambda value: re.fullmatch(r"-?\d+", value) is not None,
    "number": lambda value: re.fullmatch(r"-?\d+(\.\d+)?", value) is not None,
    "boolean": lambda value: value in ("true", "false"),
    "uri": _is_uri,
}


@cache
def by_hand() -> Description:
    """The description that is always there."""
    return Description(
        {place: {name: _field(kind) for name, kind in fields.items()} for place, fields in BY_HAND.items()}
    )


@cache
def providers_own() -> Description | None:
    """The 2010-04-01 API in Twilio's own words, None where the folder with it is absent (BALDOSA_SHARED names it)."""
    if not PROVIDERS_OWN.exists():
        return None
    document = json.loads(PROVIDERS_OWN.read_text())
    operations = {
        (method.upper(), path): _fields(document, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "delete")
    }
    return Description(operations)


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Field]:
    fields = {
        each["name"]: _from_schema(document, each["schema"], required=False)
        for each in operation.get("parameters", [])
        if each["in"] == "query"
    }
    forms = operation.get("requestBody", {}).get("content", {})
    form = forms.get("application/x-www-form-urlencoded", {}).get("schema", {})
    for name, schema in form.get("properties", {}).items():
        fields[name] = _from_schema(document, schema, required=name in form.get("required", []))
    return fields


def _from_schema(document: dict[str, Any], schema: dict[str, Any], *, required: bool) -> Field:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        return _from_schema(document, schema["items"], required=required)._replace(repeated=True)
    kind = str(schema.get("type", "string"))
    if "enum" in schema:
        kind = "=" + " ".join(schema["enum"])
    elif "pattern" in schema:
        kind = "~" + schema["pattern"]
    elif schema.get("format") == "uri":
        kind = "uri"
    return Field(_checker(kind), kind, required, repeated=False)


# Segments, by 3GPP TS 23.038 (GSM 7 bit default alphabet with its extension) and 23.040 (6 octets of header in parts).
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"


def segments(text: str) -> tuple[int, str]:
    """(how many parts a text is sent in, "GSM-7" or "UCS-2")."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        return _parts([2 if letter in _EXTENDED else 1 for letter in text], 160, 153), "GSM-7"
    return _parts([2 if ord(letter) > 0xFFFF else 1 for letter in text], 70, 67), "UCS-2"


def _parts(widths: list[int], alone: int, each: int) -> int:
    """A letter of two units is never torn apart."""
    if sum(widths) <= alone:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return parts
