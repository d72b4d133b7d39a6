"""What came in and what goes out, what became of it, what it cost, and who may do it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text, UniqueConstraint, text

from storage.schema.ground import Id, metadata, partial

# Everything that reached us, under the key that makes a redelivery harmless. `body` is the Inbound, erased when old.
inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", String(80), nullable=False),
    Column("key", String(200), nullable=False),
    Column("address_id", Id, index=True),
    Column("kind", String(16), nullable=False),
    Column("status", String(8), nullable=False),  # done | dead | ignored | beside (a tap that was answered in passing)
    Column("error", String(200), nullable=False, server_default=""),
    Column("body", Text, nullable=False, server_default=""),
    Column("received_at", Float, nullable=False),
    UniqueConstraint("account", "key"),
    partial("ix_inbox_words", "body <> ''", "received_at"),
)

# Everything to be done outside a transaction: messages, notices, errands, timers. One lane is done in order.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", String(80), nullable=False),
    Column("lane", String(120), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # message | notice | errand | timer
    Column("effect_key", String(200), nullable=False, unique=True),
    Column("address_id", Id),
    Column("ticket", String(12), nullable=False, server_default=""),
    Column("bulk", Boolean, nullable=False, server_default=text("false")),
    Column("payload", Text, nullable=False),
    Column("status", String(10), nullable=False, server_default="pending"),
    Column("due_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("attempts", Integer, nullable=False, server_default="0"),  # in a row that ended in `error_class`
    Column("doubts", Integer, nullable=False, server_default="0"),  # attempts that may have arrived
    Column("plain", Boolean, nullable=False, server_default=text("false")),  # the full rendering was refused
    Column("sending_since", Float),
    Column("claim_token", Integer, nullable=False, server_default="0"),
    Column("provider_id", String(120), nullable=False, server_default=""),
    Column("receipt", String(16), nullable=False, server_default=""),  # how far the provider says it came
    Column("segments", Integer, nullable=False, server_default="0"),  # what it cost, in SMS segments
    Column("important", Boolean, nullable=False, server_default=text("false")),  # must reach her, by SMS if need be
    Column("fallback_at", Float),  # when another way was tried, or given up
    Column("error_class", String(16), nullable=False, server_default=""),
    Column("error", String(300), nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Column("done_at", Float),
    # A row is open as long as `done_at` is empty; a lane's head is its first open row.
    partial("ix_outbox_open", "done_at IS NULL", "account", "lane", "seq", "id"),
    partial("ix_outbox_due", "status = 'pending'", "account", "bulk", "due_at", "id"),
    partial("ix_outbox_failed", "status IN ('failed', 'unknown')", "account", "id"),
    partial("ix_outbox_held", "status = 'held'", "address_id"),
    partial("ix_outbox_important", "important AND fallback_at IS NULL", "created_at"),
    # Done rows grow old twice: first their words go, then the row; each sweep finds its own and looks at no other.
    partial("ix_outbox_words", "done_at IS NOT NULL AND payload <> ''", "done_at"),
    partial("ix_outbox_bare", "done_at IS NOT NULL AND payload = ''", "done_at"),
    Index("ix_outbox_sent", "address_id", "provider_id"),
)

# What a provider told of a message that it had taken: append-only, because callbacks come late, doubled and disordered.
receipt = Table(
    "receipt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", String(80), nullable=False),
    Column("provider_id", String(120), nullable=False),
    Column("outbox_id", Id, index=True),
    Column("status", String(16), nullable=False),
    Column("code", String(10), nullable=False, server_default=""),
    Column("at", Float, nullable=False, index=True),
    UniqueConstraint("account", "provider_id", "status", "code"),
)

# What was sent for whom on which day (in the municipality's own time): outlives the outbox. `body` "" is nobody's.
cost = Table(
    "cost",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("account", String(80), primary_key=True),
    Column("body", String(80), primary_key=True),
    Column("messages", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
)

# One active sender per channel account; the token fences one that stalled and woke up late.
lease = Table(
    "lease",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("token", Integer, nullable=False),
    Column("until", Float, nullable=False),
)
