"""How a ticket was handed to a body in another way than the chat, and what the far side told."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from storage.schema.ground import Id, metadata, partial

# One ticket handed to one body by one method, at one step of its history (a pass to another body is a later one).
delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket", String(7), ForeignKey("ticket.code"), nullable=False),
    Column("body", String(80), nullable=False),
    Column("method", String(40), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("status", String(10), nullable=False),  # waiting | sent | accepted | failed | unclaimed
    Column("remote_id", String(200), nullable=False, server_default=""),  # the far side's own id of it
    Column("token", String(200), nullable=False, server_default=""),  # asked with until the far side gives that id
    Column("remote_status", String(80), nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", String(300), nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Column("sent_at", Float),
    Column("polled_at", Float),
    UniqueConstraint("ticket", "body", "method", "seq"),
    Index("ix_delivery_remote", "method", "remote_id"),
    partial("ix_delivery_open", "status IN ('waiting', 'failed', 'unclaimed')", "status", "id"),
)

# What a far side told of a ticket, under its own id of it: heard once.
remote_update = Table(
    "remote_update",
    metadata,
    Column("source", String(120), primary_key=True),
    Column("update_id", String(200), primary_key=True),
    Column("ticket", String(7), nullable=False),
    Column("at", Float, nullable=False),
)
