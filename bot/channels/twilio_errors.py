"""What Twilio's refusals and error codes mean in our classes; the codes themselves are data (twilio_errors.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import Struct

from bot.channels import ErrorClass, SendError

# Twilio quotes who a message was for: a phone number, or on WhatsApp a user's id ("AR.Abc123").
_ADDRESSES = re.compile(r"whatsapp:\S+|\+?\d(?:[\s().-]?\d){5,}|\b[A-Z]{2}\.[A-Za-z0-9]{6,}")
DETAIL = 200


class _Problem(Struct):
    code: int = 0
    message: str = ""


@cache
def codes() -> dict[str, ErrorClass]:
    """Every known code with its class. Raises ValueError for a class that does not exist and a code named twice."""
    found: dict[str, ErrorClass] = {}
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    for kind in get_args(ErrorClass):
        for code in map(str, data.pop(kind, ())):
            if code in found:
                raise ValueError(f"twilio_errors.toml: {code} stands in two classes")
            found[code] = kind
    if data:
        raise ValueError(f"twilio_errors.toml: {', '.join(data)} is no class of errors")
    return found


def error_class(code: str) -> ErrorClass:
    """The class of one of Twilio's codes; "content" for an unknown one, because it must not be repeated as it is."""
    return codes().get(code, "content")


def without_addresses(words: str) -> str:
    """Twilio's wording without the phone numbers and user ids in it."""
    return _ADDRESSES.sub("…", words)[:DETAIL]


def refusal(status: int, body: bytes, headers: Mapping[str, str], *, creates: bool) -> SendError:
    """What an answer that is no success means. `creates` is true where a lost answer may hide a success."""
    try:
        problem, spoken = msgspec.json.decode(body, type=_Problem), True
    except (msgspec.MsgspecError, ValueError):
        problem, spoken = _Problem(), False
    code = str(problem.code or "")
    detail = without_addresses(f"{code or status} {problem.message}".strip())
    kind = codes().get(code) or _kind_of(status, spoken, creates)
    return SendError(kind, detail, retry_after=_seconds(headers.get("Retry-After", "")))


def _kind_of(status: int, spoken: bool, creates: bool) -> ErrorClass:
    if status == 429:
        return "throttled"
    if status >= 500:
        # A proxy's page says nothing of what became of the call behind it; Twilio's own JSON says that it failed.
        return "ambiguous" if creates and not spoken else "server"
    # Twilio's API redirects nobody: whoever does is not Twilio. Nor is an account whose list of messages is not found.
    if status in (401, 403) or status < 400 or (status == 404 and creates):
        return "config"
    return "content"


def _seconds(waits: str) -> float | None:
    return float(waits) if waits.isdecimal() else None
