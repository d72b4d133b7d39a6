"""Contents on the fake Twilio: what may be made, and what a phone shows of one with its variables filled in.

Limits are those of a session message on WhatsApp: three quick replies, ten rows of a list (twilio.com/docs/content).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.twilio_trouble import ApiError

BODY, BUTTON_TITLE, ROW_TITLE, ROW_DESCRIPTION, ID = 1024, 20, 24, 72, 200
SESSION_BUTTONS, APPROVED_BUTTONS, ROWS = 3, 10, 10
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_KNOWN = ("friendly_name", "language", "variables", "types")


@dataclass(frozen=True)
class Button:
    """A quick reply or a row of a list: tapping it gives `data` back."""

    label: str
    data: str
    description: str = ""


@dataclass
class Content:
    """A content as Twilio keeps it."""

    sid: str
    body: dict[str, Any]
    created: float
    approved: bool = False

    @property
    def resource(self) -> dict[str, Any]:
        """What the API tells of it."""
        made = datetime.fromtimestamp(self.created, UTC).isoformat().replace("+00:00", "Z")
        return {"variables": {}, **self.body, "sid": self.sid, "date_created": made, "date_updated": made}


@dataclass(frozen=True)
class Rendered:
    """What a phone shows."""

    text: str
    buttons: list[Button] = field(default_factory=list)
    kind: str = "text"
    opener: str = ""


class Contents:
    """The account's contents; `approve` lets one be sent outside the 24 hours."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.kept: dict[str, Content] = {}
        self._now = now
        self._numbers = itertools.count(1)

    def create(self, body: Any) -> Content:
        """Make one; raises ApiError for what Twilio does not take."""
        if faults := list(_shape_faults(body)):
            raise ApiError(400, 20422, f"Invalid parameter: {faults[0]}")
        content = Content(f"HX{next(self._numbers):032x}", body, self._now())
        self.kept[content.sid] = content
        return content

    def template(self, body: str, *, language: str = "es", sid: str = "", samples: dict[str, str] | None = None) -> str:
        """An approved template with this body; returns its ContentSid."""
        bodies = {"twilio/text": {"body": body}}
        made = {"friendly_name": "template", "language": language, "variables": samples or {}, "types": bodies}
        content = self.create(made)
        content.approved = True
        content.sid = sid or content.sid
        self.kept[content.sid] = content
        return content.sid

    def approve(self, sid: str) -> None:
        """Have WhatsApp approve one; a list cannot be."""
        assert "twilio/list-picker" not in self.kept[sid].body["types"], "a list cannot be approved"
        self.kept[sid].approved = True

    def rows(self) -> list[Content]:
        """All, newest first."""
        return list(reversed(self.kept.values()))

    def render(self, sid: str, variables: str) -> tuple[Rendered, Content]:
        """What a phone shows of a content; raises ApiError for what does not fit."""
        content = self.kept.get(sid)
        if content is None:
            raise ApiError(404, 21655, "The ContentSid is Invalid")
        given = _variables(variables)
        kind, parts = next(iter(content.body["types"].items()))
        wanted = set(_VARIABLE.findall(json.dumps(parts)))
        if wanted - set(given):
            raise ApiError(400, 21656, f"The ContentVariables lack {sorted(wanted - set(given))}")
        filled = _fill(parts, given)
        if faults := list(_limits(kind, filled, content.approved)):
            raise ApiError(400, 63021, f"Channel invalid content error: {faults[0]}")
        return _shown(kind, filled), content


def _shown(kind: str, filled: dict[str, Any]) -> Rendered:
    if kind == "twilio/quick-reply":
        buttons = [Button(each["title"], each["id"]) for each in filled["actions"]]
        return Rendered(filled["body"], buttons, "buttons")
    if kind == "twilio/list-picker":
        rows = [Button(each["item"], each["id"], each.get("description", "")) for each in filled["items"]]
        return Rendered(filled["body"], rows, "list", filled["button"])
    return Rendered(filled.get("body", ""))


def _variables(given: str) -> dict[str, str]:
    try:
        variables = json.loads(given or "{}")
    except ValueError:
        raise ApiError(400, 21656, "The ContentVariables are no JSON") from None
    if not isinstance(variables, dict):
        raise ApiError(400, 21656, "The ContentVariables are no object")
    for name, value in variables.items():
        if not isinstance(value, str) or not value.strip() or re.search(r"[\n\r\t]| {5}", value):
            raise ApiError(400, 21656, f"The ContentVariables parameter {name} is invalid: {value!r}")
    return variables


def _fill(part: Any, given: dict[str, str]) -> Any:
    if isinstance(part, str):
        return _VARIABLE.sub(lambda found: given[found[1]], part)
    if isinstance(part, list):
        return [_fill(each, given) for each in part]
    return {name: _fill(value, given) for name, value in part.items()} if isinstance(part, dict) else part


def _shape_faults(body: Any) -> Iterator[str]:
    if not isinstance(body, dict):
        yield "no object"
        return
    yield from (f"{name} is unknown" for name in body if name not in _KNOWN)
    if not isinstance(body.get("language"), str) or not body["language"]:
        yield "language is missing"
    types = body.get("types")
    if not isinstance(types, dict) or not types:
        yield "types is missing"
        return
    for kind, parts in types.items():
        yield from _part_faults(kind, parts)


_PARTS: dict[str, tuple[set[str], set[str]]] = {
    "twilio/text": ({"body"}, set()),
    "twilio/media": ({"media"}, {"body"}),
    "twilio/quick-reply": ({"body", "actions"}, set()),
    "twilio/list-picker": ({"body", "button", "items"}, set()),
    "twilio/location": ({"latitude", "longitude"}, {"label", "id", "address"}),
}
_MEMBERS: dict[str, tuple[str, set[str], set[str]]] = {
    "twilio/quick-reply": ("actions", {"title", "id"}, {"type"}),
    "twilio/list-picker": ("items", {"item", "id"}, {"description"}),
}


def _part_faults(kind: str, parts: Any) -> Iterator[str]:
    if kind not in _PARTS:
        yield f"{kind} is no type of content"
        return
    needed, allowed = _PARTS[kind]
    if not isinstance(parts, dict) or not needed <= set(parts) <= needed | allowed:
        yield f"{kind} needs {sorted(needed)} and may have {sorted(allowed)}"
    elif kind in _MEMBERS:
        name, needed, allowed = _MEMBERS[kind]
        members = parts[name]
        if not isinstance(members, list) or not 1 <= len(members) <= 10:
            yield f"{kind} has 1 to 10 {name}"
        elif not all(needed <= set(each) <= needed | allowed for each in members):
            yield f"each of {kind}'s {name} needs {sorted(needed)} and may have {sorted(allowed)}"
        elif kind == "twilio/quick-reply" and any(each.get("type", "QUICK_REPLY") != "QUICK_REPLY" for each in members):
            yield "a quick reply is of type QUICK_REPLY"


def _limits(kind: str, filled: dict[str, Any], approved: bool) -> Iterator[str]:
    if kind == "twilio/quick-reply":
        yield from _quick_reply_limits(filled, approved)
    elif kind == "twilio/list-picker":
        yield from _list_limits(filled)
    elif len(filled.get("body", "")) > 1600:
        yield "a body of more than 1600"


def _quick_reply_limits(filled: dict[str, Any], approved: bool) -> Iterator[str]:
    titles = [each["title"] for each in filled["actions"]]
    most = APPROVED_BUTTONS if approved else SESSION_BUTTONS
    if len(titles) > most:
        yield f"{len(titles)} quick replies where {most} are allowed"
    if len(set(titles)) != len(titles):
        yield "two quick replies with the same title"
    yield from (f"the title {title!r} is longer than {BUTTON_TITLE}" for title in titles if len(title) > BUTTON_TITLE)
    yield from _common_limits(filled["body"], [each["id"] for each in filled["actions"]])


def _list_limits(filled: dict[str, Any]) -> Iterator[str]:
    items = filled["items"]
    if not 1 <= len(items) <= ROWS:
        yield f"{len(items)} rows"
    if len(filled["button"]) > BUTTON_TITLE:
        yield f"the button {filled['button']!r} is longer than {BUTTON_TITLE}"
    for each in items:
        if len(each["item"]) > ROW_TITLE:
            yield f"the row {each['item']!r} is longer than {ROW_TITLE}"
        if len(each.get("description", "")) > ROW_DESCRIPTION:
            yield f"the description {each['description']!r} is longer than {ROW_DESCRIPTION}"
    yield from _common_limits(filled["body"], [each["id"] for each in items])


def _common_limits(body: str, ids: list[str]) -> Iterator[str]:
    if not 1 <= len(body) <= BODY:
        yield f"a body of {len(body)}"
    if len(set(ids)) != len(ids):
        yield "two with the same id"
    yield from (f"the id {each!r} is longer than {ID}" for each in ids if not 1 <= len(each) <= ID)
