"""Whom nothing is taken from, and who sent how much."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, String, Table

from storage.schema.ground import Id, metadata

# Addresses that nothing is taken from, for a while or until somebody lifts it.
block = Table(
    "block",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reason", String(300), nullable=False, server_default=""),
    Column("made_by", Id),
    Column("at", Float, nullable=False),
    Column("until", Float),
    Column("lifted_at", Float),
)

# Blocks of addresses that had themselves forgotten: `mark` is a keyed hash that is met again when one writes again.
shut_door = Table(
    "shut_door",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("reason", String(300), nullable=False, server_default=""),
    Column("at", Float, nullable=False),
    Column("until", Float),
)

# When reports were sent from where: `mark` is a hash of an address or a network under a day's own salt. A day is kept.
flood = Table(
    "flood",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mark", String(64), nullable=False, index=True),
    Column("at", Float, nullable=False),
)
