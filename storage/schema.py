"""Every table, once. Alembic's migrations are held against this by a test.

Times are Unix seconds (UTC) in floats, ids of our own are integers, JSON is text that msgspec wrote.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# Named constraints, so that a migration can drop them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives rowids only to INTEGER; PostgreSQL needs the wide one (Telegram's ids pass 2^31).
Id = BigInteger().with_variant(Integer(), "sqlite")


def _partial(name: str, where: str, *columns: str) -> Index:
    """Index only the rows that are asked for, so that the history costs the queue nothing."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


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
    _partial("ix_inbox_words", "body <> ''", "received_at"),
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
    _partial("ix_outbox_open", "done_at IS NULL", "account", "lane", "seq", "id"),
    _partial("ix_outbox_due", "status = 'pending'", "account", "bulk", "due_at", "id"),
    _partial("ix_outbox_failed", "status IN ('failed', 'unknown')", "account", "id"),
    _partial("ix_outbox_held", "status = 'held'", "address_id"),
    _partial("ix_outbox_important", "important AND fallback_at IS NULL", "created_at"),
    # Done rows grow old twice: first their words go, then the row; each sweep finds its own and looks at no other.
    _partial("ix_outbox_words", "done_at IS NOT NULL AND payload <> ''", "done_at"),
    _partial("ix_outbox_bare", "done_at IS NOT NULL AND payload = ''", "done_at"),
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

media = Table(
    "media",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("address_id", Id, index=True),
    Column("account", String(80), nullable=False),
    Column("ref", Text, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("status", String(8), nullable=False),  # pending | kept | refused
    Column("reason", String(40), nullable=False, server_default=""),
    Column("mime", String(80), nullable=False, server_default=""),
    Column("size", Integer, nullable=False, server_default="0"),
    Column("width", Integer, nullable=False, server_default="0"),
    Column("height", Integer, nullable=False, server_default="0"),
    Column("key", String(120), nullable=False, server_default=""),
    Column("thumbnail", String(120), nullable=False, server_default=""),
    Column("lat", Float),
    Column("lon", Float),
    Column("created_at", Float, nullable=False),
)

# The code is the key: random and public, so that a report and its first update go in without a round trip for an id.
ticket = Table(
    "ticket",
    metadata,
    Column("code", String(7), primary_key=True),
    Column("person_id", Id, index=True),
    Column("address_id", Id),
    Column("category", String(80), nullable=False),
    Column("body", String(80), nullable=False),
    Column("area", String(80), nullable=False, server_default=""),
    Column("place", Text, nullable=False),  # a Place; lat and lon once more, to search by
    Column("lat", Float),
    Column("lon", Float),
    Column("words", Text, nullable=False, server_default=""),
    Column("status", String(16), nullable=False),
    Column("language", String(12), nullable=False),
    Column("update_seq", Integer, nullable=False, server_default="0"),
    Column("taken_by", Id),
    Column("cell", Id),  # the square of the grid that it lies in, see storage/grid.py
    Column("duplicate_of", String(7), nullable=False, server_default=""),  # the ticket that it was merged into
    Column("incident_at", Float),  # since when it stands for an outage that many reported
    Column("priority", String(8), nullable=False, server_default=""),  # low | high | urgent
    Column("planned_for", Float),  # the day an official promised
    Column("answer_by", Float),  # until when a human is to have answered, and when one first did
    Column("answered_at", Float),
    Column("answered_due", Float),  # the target that counted then: who has it later has another one
    Column("close_by", Float),  # until when it is to be closed, and when it last was
    Column("closed_at", Float),
    Column("watch_at", Float),  # when the clock looks at it next: a reminder, an alarm, a question nobody answered
    Column("rung", Integer, nullable=False, server_default="0"),  # how far up the body's ladder its silence went
    Column("rating", Integer),  # one to five, by who reported it
    Column("public_words", Text),  # what the public reads instead of the words; NULL: the words
    Column("held_at", Float),  # since when it waits for somebody to look whether it is meant
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_ticket_body_status", "body", "status"),
    _partial("ix_ticket_watch", "watch_at IS NOT NULL", "watch_at"),
    # What the figures are read by: what was open, and what anything happened to.
    _partial("ix_ticket_still_open", "closed_at IS NULL", "body"),
    Index("ix_ticket_updated_at", "updated_at"),
    Index("ix_ticket_cell", "cell", "category", "created_at"),
    Index("ix_ticket_area", "area", "category", "created_at"),
    _partial("ix_ticket_duplicate_of", "duplicate_of <> ''", "duplicate_of"),
)

# Bodies that answer for a ticket beside its own: each has it delivered, one leads.
ticket_body = Table(
    "ticket_body",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("body", String(80), primary_key=True, index=True),
    Column("since", Float, nullable=False),
)

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
    _partial("ix_delivery_open", "status IN ('waiting', 'failed', 'unclaimed')", "status", "id"),
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

# Boundaries that were imported beside the pack's own: the outline is WKB in (lon, lat) degrees of WGS84.
area = Table(
    "area",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("country", String(2), nullable=False),
    Column("level", String(40), nullable=False),
    Column("parent", String(80), nullable=False, server_default=""),
    Column("name", String(200), nullable=False),
    Column("about", Text, nullable=False, server_default=""),  # what else its file says of it, as JSON
    Column("digest", String(64), nullable=False),
    Column("outline", LargeBinary, nullable=False),
    Column("loaded_at", Float, nullable=False),
)

# How far the import of a file came, so that one that was cut off goes on.
area_import = Table(
    "area_import",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the file
    Column("name", String(200), nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),  # its features, in their order
    Column("finished_at", Float),
)

# What words led to which category, as citizens confirmed it.
category_choice = Table(
    "category_choice",
    metadata,
    Column("language", String(12), primary_key=True),
    Column("word", String(60), primary_key=True),
    Column("category", String(80), primary_key=True),
    Column("count", Integer, nullable=False),
)

# What geocoders answered, for a while.
geocode = Table(
    "geocode",
    metadata,
    Column("provider", String(40), primary_key=True),
    Column("query", String(300), primary_key=True),
    Column("found", Text, nullable=False),
    Column("at", Float, nullable=False, index=True),
)

ticket_media = Table(
    "ticket_media",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("media_id", String(32), ForeignKey("media.id"), primary_key=True),
    Column("update_seq", Integer, nullable=False, server_default="0"),
    Column("position", Integer, nullable=False),
    Column("hidden_at", Float),  # the public does not see it
    _partial("ix_ticket_media_hidden", "hidden_at IS NOT NULL", "media_id"),
)

# Append-only: triggers in the migration refuse deletes and changes of what happened; only words may be redacted. It is
# the audit too: `action` names what no status tells (assigned, noted, hidden), `address_id` from where it was done.
update = Table(
    "ticket_update",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("actor", String(10), nullable=False),  # citizen | official | system | operator
    Column("person_id", Id),
    Column("body", String(80), nullable=False, server_default=""),
    Column("status", String(16), nullable=False, server_default=""),  # the status it led to, empty for words only
    Column("reason", Text, nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),
    Column("public", Boolean, nullable=False),
    Column("address_id", Id),
    Column("action", String(16), nullable=False, server_default=""),
    Column("public_words", Text),  # what the public reads instead of the words; NULL: the words
)

# What those who follow a ticket said when they were asked whether it was fixed, for each time that it was resolved.
verdict = Table(
    "verdict",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),  # the entry that resolved it
    Column("answer", String(8), nullable=False),  # yes | no | unsure
    Column("at", Float, nullable=False),
)

# The message that shows a ticket in an official's chat, by its outbox row: it is edited instead of sent anew.
card = Table(
    "card",
    metadata,
    Column("address_id", Id, ForeignKey("address.id", ondelete="CASCADE"), primary_key=True),
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("effect_key", String(200), nullable=False),
    Column("at", Float, nullable=False),
)

supporter = Table(
    "supporter",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("address_id", Id),  # over which she joined, and is told
    Column("joined_at", Float, nullable=False),
)

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

# The pack as it was loaded: one row, so that every process reads the same.
pack = Table(
    "pack",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("loaded_at", Float, nullable=False),
)
