"""Long texts in pieces, counted as chats count them: in UTF-16 units."""

from __future__ import annotations


def units(text: str) -> int:
    """The length of `text` in UTF-16 units: what Telegram counts, and never less than its characters."""
    return len(text.encode("utf-16-le")) // 2


def split(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` UTF-16 units, cut where a paragraph, a line or a word ends, if one does."""
    pieces, text = [], text.strip()
    while units(text) > most:
        head = text.encode("utf-16-le")[: most * 2].decode("utf-16-le", "ignore")
        # An end in the first quarter would leave a stump of a message.
        ends = (head.rfind(mark) for mark in ("\n\n", "\n", " "))
        cut = next((end for end in ends if end > len(head) // 4), len(head))
        pieces.append(head[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


def cut(text: str, most: int) -> str:
    """The text in one line of at most `most` UTF-16 units, ended by "…" after a whole word where it is too long."""
    text = " ".join(text.split())
    if units(text) <= most:
        return text
    head = text.encode("utf-16-le")[: (most - 1) * 2].decode("utf-16-le", "ignore")
    whole = head if text[len(head) :].startswith(" ") else head.rpartition(" ")[0]
    # A very long word is cut in the middle, or nothing much would be left.
    return f"{(whole if len(whole) > len(head) // 2 else head).rstrip(' ,.;:-(')}…"
