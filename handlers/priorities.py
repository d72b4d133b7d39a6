"""How pressing a ticket is: kept by a key, said and understood in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locales import LANGUAGES, catalog, fold

if TYPE_CHECKING:
    from bot.conversation import Chat

PRIORITY_NAMES = {"low": "priority-low", "": "priority-normal", "high": "priority-high", "urgent": "priority-urgent"}
# What stands for "" where something has to stand.
NORMAL = "normal"


def read_priority(typed: str) -> str | None:
    """The priority that a word names, in any language or by its key; None for any other word."""
    named = {value or NORMAL: value for value in PRIORITY_NAMES}
    named |= {fold(catalog(each).text(key)): value for each in LANGUAGES for value, key in PRIORITY_NAMES.items()}
    return named.get(fold(typed)) if typed else None


def show_priority(chat: Chat, kept: str) -> str:
    """What a history keeps of a priority, in the reader's words; a word that nobody knows stays as it is."""
    # Once the word itself was kept, in the language of the municipality.
    value = read_priority(kept)
    return kept if value is None else chat.text(PRIORITY_NAMES[value])
