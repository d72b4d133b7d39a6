"""A ticket's public history and its internal one are two views of one record; which words each shows is decided here.

The originals are never changed. `public_words` stand beside them where the public reads something else: personal data
masked, or what an official hid or corrected.
"""

from __future__ import annotations

from typing import Literal

from storage.tickets import Ticket
from storage.updates import Update

# "inside" are the body's officials, the body's own system, and whoever wrote the words or was written to.
Reader = Literal["public", "inside"]


def read_words(record: Ticket | Update, reader: Reader) -> str:
    """What a reader sees of a report's words, or of what an entry of its history says (reason and words)."""
    if reader == "public" and record.public_words is not None:
        return record.public_words
    if isinstance(record, Ticket):
        return record.words
    return " ".join(part for part in (record.reason, record.words) if part)


def is_masked(record: Ticket | Update) -> bool:
    """True where the public reads something else than what was written."""
    return record.public_words is not None
