"""Who writes, on which address, in which running talk; and how a number is proved to be hers."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint, text

from storage.schema.ground import Id, metadata

# A person writes; who she is to the channels is in `address`.
person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("created_at", Float, nullable=False),
    Column("low_data", Boolean, nullable=False, server_default=text("false")),  # no pictures, short texts, fewer
    Column("fallback_address_id", Id),  # where an important follow-up goes when the own channel fails: she agreed
)

# A channel account plus an id on it. In a group, each member has an address of her own ("chat/user"): the talk is hers.
address = Table(
    "address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", String(80), nullable=False),
    Column("external", String(200), nullable=False),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False, index=True),
    Column("language", String(12), nullable=False, server_default=""),
    Column("phone", String(20), nullable=False, server_default="", index=True),  # E.164, proved to be the writer's
    Column("verified_at", Float),  # when it was proved
    Column("window_until", Float),  # WhatsApp: until when free words may be sent
    Column("opted_out_at", Float),
    Column("opted_out_by", String(8), nullable=False, server_default=""),  # person | provider
    Column("blocked_at", Float),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("account", "external"),
)

# A number that somebody says is hers, and the code that was sent there; only its keyed hash is kept.
phone_proof = Table(
    "phone_proof",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("phone", String(20), nullable=False, index=True),
    Column("code_hash", String(64), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("used_at", Float),
)

# An address that went over to another person because both proved the same number; kept so that it can be undone.
joining = Table(
    "joining",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_from", Id, nullable=False),
    Column("person_to", Id, nullable=False),
    Column("at", Float, nullable=False),
    Column("undone_at", Float),
)

# The running talk of one address: a small JSON object, see bot/conversation.py.
conversation = Table(
    "conversation",
    metadata,
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("talks", Text, nullable=False, server_default="[]"),
    Column("gathering", Text, nullable=False, server_default="[]"),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("out_seq", Integer, nullable=False, server_default="0"),
    Column("last_in_at", Float, nullable=False, server_default="0"),
    Column("timer_at", Float),
)
