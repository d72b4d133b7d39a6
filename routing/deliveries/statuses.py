"""The statuses of far servers and ours: what one is to the other is data, in statuses.toml and in the pack."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# What Open311 calls open: everything before resolved.
_ENDED = ("FIXED", "NO_FURTHER_ACTION", "NOT_COUNCILS_RESPONSIBILITY", "DUPLICATE", "CANCELLED", "CLOSED")


@cache
def _table(part: str) -> Mapping[str, str]:
    found: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("statuses.toml").read_text("utf-8"))
    return found[part]


def heard(status: str, own: Mapping[str, str]) -> str:
    """The status of a ticket that a far one means, "" for none; `own` is the body's own table and read first."""
    word = status.strip().lower().replace(" ", "_")
    mine = {name.strip().lower().replace(" ", "_"): meant for name, meant in own.items()}
    return mine.get(word, _table("heard").get(word, ""))


def said(status: str, *, extended: bool) -> str:
    """What a ticket's status is to a far server: one of the many words, or only OPEN and CLOSED."""
    word = _table("said").get(status, "OPEN")
    return word if extended else ("CLOSED" if word in _ENDED else "OPEN")
