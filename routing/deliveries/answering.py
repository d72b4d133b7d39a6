"""What an answer to a letter is known by: a signed address to answer to, and signed Message-IDs.

Both name the ticket and carry a signature over it and the body, so that nobody writes into a ticket by guessing. Small
letters and digits only: mail systems change the case of addresses.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable
from email.utils import parseaddr
from hashlib import sha256

from msgspec import Struct

# 80 bits: as many as sixteen characters hold, in an address whose local part may have 64.
SIGNATURE = 16
_TAG = re.compile(r"([0-9a-hjkmnp-tv-z]{7})-([a-z2-7]{16})(?:-(\d{1,9}))?")


class Tag(Struct, frozen=True):
    """What an address or a Message-ID of ours names: the ticket's code as stored, and the signature."""

    code: str
    signature: str


def sign(secret: str, code: str, body: str) -> str:
    """The signature of a ticket's letters to one body."""
    digest = hmac.digest(secret.encode(), f"answer\0{code.upper()}\0{body}".encode(), sha256)
    return b32encode(digest[:10]).decode().lower()


def agrees(secret: str, tag: Tag, body: str) -> bool:
    """True when the tag was made by us for this body."""
    return hmac.compare_digest(sign(secret, tag.code, body), tag.signature)


def reply_address(address: str, secret: str, code: str, body: str) -> str:
    """Where answers to a ticket's letters go: "answers+k7q42mx-....@example.org"."""
    local, _, domain = parseaddr(address)[1].rpartition("@")
    return f"{local}+{code.lower()}-{sign(secret, code, body)}@{domain}"


def message_id(address: str, secret: str, code: str, body: str, seq: int) -> str:
    """The Message-ID of a letter; the same for every attempt to send it, so that a double is recognised as one."""
    domain = parseaddr(address)[1].rpartition("@")[2]
    return f"<{code.lower()}-{sign(secret, code, body)}-{seq}@{domain}>"


def read_tags(addresses: Iterable[str], references: Iterable[str]) -> list[Tag]:
    """Every tag in what a letter was sent to and in what it refers to, the surest first."""
    found = []
    for text in (*addresses, *references):
        found += [Tag(match[1].upper(), match[2]) for match in _TAG.finditer(text.lower())]
    return list(dict.fromkeys(found))
