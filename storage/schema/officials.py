"""Who acts for a body, how they became it, and the cards in their chats."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from storage.schema.ground import Id, metadata

# A person (or a group chat: then `address_id` is the group's) who acts for a body.
official = Table(
    "official",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("body", String(80), nullable=False, index=True),
    Column("role", String(12), nullable=False),  # agent | dispatcher | manager
    Column("name", String(80), nullable=False, server_default=""),
    Column("since", Float, nullable=False),
    Column("proved_at", Float),  # when a manager's second proof was given
    Column("confirmed", String(300), nullable=False, server_default=""),  # by an operator without it, and why
    Column("digest_hour", Integer),  # when the day's digest comes, in the municipality's own time; NULL: the usual hour
    UniqueConstraint("person_id", "address_id", "body"),
)

invite = Table(
    "invite",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("bodies", Text, nullable=False),  # ids, separated by spaces
    Column("role", String(12), nullable=False),
    Column("name", String(80), nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("used_at", Float),
    Column("made_by", Id),  # NULL: the operator
    Column("second", String(20), nullable=False, server_default=""),  # E.164: where a manager's code goes
    Column("used_by", Id),
    Column("revoked_at", Float),
)

# A code that a manager writes where she was invited; it went to another address, which whoever invited her named. Only
# its keyed hash is kept.
second_proof = Table(
    "second_proof",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), nullable=False),
    Column("code_hash", String(64), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("used_at", Float),
    Column("sent_to", Id),  # the address that it went to
)

# The message that shows a ticket in an official's chat, by its outbox row: it is edited instead of sent anew.
card = Table(
    "card",
    metadata,
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), primary_key=True),
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True, index=True),
    Column("effect_key", String(200), nullable=False),
    Column("at", Float, nullable=False),
)
