"""How a body receives reports, as its pack says it: one table for each method but the chat.

No table holds a secret: it names one, and the deployment has it in the variable BALDOSA_SECRET_<NAME>.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class EmailWay(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """[body.email]: the addresses that every letter goes to together."""

    to: tuple[str, ...]


class Open311Way(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """[body.open311]: a GeoReport v2 server. `endpoint` is what its paths follow ("https://.../open311/v2").

    `key` names the secret that is the api_key. `services` gives the service_code of a category, of a group, or of
    everything else ("*"). `fields` go along with every request: what this server wants beside the standard ("email",
    "attribute[kind]"). `statuses` are read before our own table of what far statuses mean. `updates` says that the
    server has servicerequestupdates, `extended` that it takes more statuses there than OPEN and CLOSED.
    """

    endpoint: str
    jurisdiction: str = ""
    key: str = ""
    format: Literal["xml", "json"] = "xml"
    services: dict[str, str]
    fields: dict[str, str] = {}
    statuses: dict[str, str] = {}
    updates: bool = False
    extended: bool = True


class WebhookWay(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """[body.webhook]: where events are sent to, and the name of the secret that signs them."""

    url: str
    secret: str
