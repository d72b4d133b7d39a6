"""What a pack may say of how a body receives. Each check gives (key, problem, mend) of what is wrong."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from routing.ways import EmailWay, Open311Way, WebhookWay

Fault = tuple[str, str, str]

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
_SECRET = re.compile(r"[A-Z][A-Z0-9_]*")
# BALDOSA_SECRET_KEY is a setting of its own.
_TAKEN = "KEY"


def check_email(way: EmailWay) -> list[Fault]:
    """At least one address, and no other text."""
    if not way.to:
        return [("to", "has no address", 'Add to = ["office@example.org"]')]
    return [
        ("to", f"has '{address}', which is no e-mail address", 'Write it like "office@example.org"')
        for address in way.to
        if not _ADDRESS.fullmatch(address)
    ]


def check_open311(way: Open311Way) -> list[Fault]:
    """An endpoint, at least one service, and the name of a secret where one is named."""
    found = [*_check_url("endpoint", way.endpoint), *(_check_secret("key", way.key) if way.key else [])]
    if not way.services:
        mend = 'Add services = { "*" = "001" }, or one for each category'
        found.append(("services", "has no service_code for any category", mend))
    return found


def check_webhook(way: WebhookWay) -> list[Fault]:
    """An address, and the name of the secret."""
    return [*_check_url("url", way.url), *_check_secret("secret", way.secret)]


def _check_url(key: str, url: str) -> list[Fault]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [(key, f"has '{url}', which is no web address", 'Write it like "https://example.org/..."')]
    if parts.username or parts.password:
        return [(key, "has a password in a web address", "Take it out: secrets stand in the environment")]
    return []


def _check_secret(key: str, name: str) -> list[Fault]:
    if _SECRET.fullmatch(name) and name != _TAKEN:
        return []
    mend = 'Name the variable behind BALDOSA_SECRET_, such as "AGUA", and never the secret itself'
    return [(key, f"has '{name}', which is not the name of a secret", mend)]
