"""The signed webhook: an event for each thing that happens to a ticket. docs/deliveries.md is what receivers read.

The signature is that of the Standard Webhooks specification (HMAC-SHA256 over id, time and body), so that receivers
find a library for it in their language.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

import msgspec

from routing.deliveries.report import Photo, Report, w3c

# The specification's own form of a secret: this and base64.
_PREFIX = "whsec_"


def event_id(report: Report) -> str:
    """The event's id: the same however often it is sent."""
    return f"{report.code}.{report.body.id}.{report.seq}"


def event(report: Report) -> bytes:
    """The event as JSON in UTF-8."""
    body: dict[str, Any] = {
        "id": event_id(report),
        "type": "ticket.updated" if report.step else "ticket.opened",
        "at": w3c(report.at),
        "ticket": _ticket(report),
    }
    if step := report.step:
        body["update"] = {
            "seq": report.seq,
            "actor": step.actor,
            "status": step.status or None,
            "words": step.words,
            "photos": _urls(step.photos),
        }
    return msgspec.json.encode(body)


def signed_headers(secret: str, number: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that name the event and prove that it is ours; `timestamp` is when it is sent, in Unix seconds."""
    return {
        "Content-Type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, number, timestamp, body),
    }


def sign(secret: str, number: str, timestamp: int, body: bytes) -> str:
    """The signature as the header has it: the version, and base64 of the HMAC of "id.timestamp.body"."""
    signed = f"{number}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(_key(secret), signed, sha256)).decode()}"


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _ticket(report: Report) -> dict[str, Any]:
    return {
        "code": report.shown,
        "url": report.url or None,
        "category": {"id": report.category, "group": report.group or None, "name": report.category_name},
        "body": {"id": report.body.id, "name": report.body.name(report.language)},
        "status": report.status,
        "words": report.words,
        "place": {"words": report.where, "lat": report.lat, "lon": report.lon},
        "photos": _urls(report.photos),
        "joined": report.joined,
        "opened": w3c(report.opened),
        "language": report.language,
    }


def _urls(photos: tuple[Photo, ...]) -> list[str]:
    return [photo.url for photo in photos if photo.url]
