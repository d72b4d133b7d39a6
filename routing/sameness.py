"""Text in plain letters that keeps its length, so that what is found in one is found in the other."""

from __future__ import annotations

import unicodedata


def same_length(text: str) -> str:
    """Lower case without accents, character by character: "Núñez" is "nunez", and every place stays where it was."""
    return text.lower() if text.isascii() else "".join(map(_plain, text))


def _plain(character: str) -> str:
    if character.isascii():
        return character.lower()
    base = unicodedata.normalize("NFKD", character)[0].lower()
    return base if len(base) == 1 else character
