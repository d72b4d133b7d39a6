"""What a person in a transcript may do, as it is written there and as her phone does it."""

from __future__ import annotations

import re

from tests.phones import Deed

_POINT = r"(?P<lat>-?\d+\.\d+), (?P<lon>-?\d+\.\d+)"
_CAPTION = r'(?: "(?P<text>.*)")?'
# What a person may do: the verb of the deed, and how it is written.
STEPS: dict[str, str] = {
    "says": r"> (?P<text>.*)",
    "taps": r" taps> (?P<text>.*)",
    "replies": r' replies to "(?P<quoted>.*?)"> (?P<text>.*)',
    "edits": r' edits "(?P<quoted>.*)" -> "(?P<text>.*)"',
    "pin": rf" sends pin {_POINT}",
    "live location": rf" sends live location {_POINT}",
    "moves": rf" moves to {_POINT}",
    "venue": rf' sends venue "(?P<quoted>.*)", "(?P<text>.*)" {_POINT}',
    "reply photo": r' replies to "(?P<quoted>.*?)" with photo(?: "(?P<text>.*)")?',
    "reply voice": r' replies to "(?P<quoted>.*?)" with voice',
    "voice": r" sends voice",
    "photo": rf" sends photo(?: taken at {_POINT})?{_CAPTION}",
    "album": rf" sends album of (?P<count>\d+){_CAPTION}",
    "broken photo": rf" sends broken photo{_CAPTION}",
    "file": rf" sends file{_CAPTION}",
    "sticker": r" sends sticker",
    "blocks": r" blocks the bot",
    "unblocks": r" unblocks the bot",
    "migrates": r" makes it a supergroup",
}
_DEEDS = {what: re.compile(rf"(?P<who>[a-z]+)(?: in (?P<room>[a-z]+))?{form}") for what, form in STEPS.items()}
_TIMES = re.compile(r'\("(.*?)" (\d+) times\)')
_ESCAPED = re.compile(r"\\(?:u([0-9a-f]{4})|n)")


def read_deed(step: str) -> tuple[str, Deed] | None:
    """(who, what) of a step that a person takes."""
    for what, form in _DEEDS.items():
        if found := form.fullmatch(step):
            parts = {key: value for key, value in found.groupdict().items() if value is not None}
            point = (float(parts["lat"]), float(parts["lon"])) if "lat" in parts else None
            text, quoted = (_unescape(parts.get(name, "")) for name in ("text", "quoted"))
            return parts["who"], Deed(what, text, quoted, point, int(parts.get("count", 1)), parts.get("room", ""))
    return None


def _unescape(text: str) -> str:
    text = _TIMES.sub(lambda found: found[1] * int(found[2]), text)
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\n", text)
