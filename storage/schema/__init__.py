"""Every table, once; one module per topic, and this page is their index. A test holds Alembic's migrations against it.

Tables are imported from here: who reads SQL need not know under which topic a table stands, and whoever imports any of
the modules has imported this page first, so that `metadata` is whole. A new table stands in the module of its topic, in
the list below, in docs/architecture.md and in a migration.
"""

from __future__ import annotations

from storage.schema.care import block, flood, shut_door
from storage.schema.city import area, area_import, category_choice, geocode, pack
from storage.schema.deliveries import delivery, remote_update
from storage.schema.ground import metadata
from storage.schema.officials import card, invite, official, second_proof
from storage.schema.people import address, conversation, joining, person, phone_proof
from storage.schema.tickets import media, supporter, ticket, ticket_body, ticket_media, update, verdict
from storage.schema.traffic import cost, inbox, lease, outbox, receipt

__all__ = [
    "address",
    "area",
    "area_import",
    "block",
    "card",
    "category_choice",
    "conversation",
    "cost",
    "delivery",
    "flood",
    "geocode",
    "inbox",
    "invite",
    "joining",
    "lease",
    "media",
    "metadata",
    "official",
    "outbox",
    "pack",
    "person",
    "phone_proof",
    "receipt",
    "remote_update",
    "second_proof",
    "shut_door",
    "supporter",
    "ticket",
    "ticket_body",
    "ticket_media",
    "update",
    "verdict",
]
