"""Signatures for what we hand out and get back: contacts' cookies, uploads' names, kept files' addresses."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256


class Signer:
    """Signs with one secret; `purpose` keeps a signature made for one thing from being good for another."""

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ValueError("a secret to sign with cannot be empty")
        self._secret = secret.encode()

    def sign(self, purpose: str, value: str) -> str:
        """43 characters that are safe in a URL and a cookie."""
        digest = hmac.digest(self._secret, f"{purpose}\0{value}".encode(), sha256)
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def agrees(self, purpose: str, value: str, signature: str) -> bool:
        """True when `signature` was made by us for this."""
        return hmac.compare_digest(self.sign(purpose, value).encode(), signature.encode("utf-8", "replace"))
