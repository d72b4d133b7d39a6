"""A report as it stands, its history, its files, and who follows it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from storage.schema.ground import Id, metadata, partial

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
    Column("broken_at", Float),  # when that silence was broken in time; NULL: it was not, and goes on from there
    Column("rating", Integer),  # one to five, by who reported it
    Column("public_words", Text),  # what the public reads instead of the words; NULL: the words
    Column("held_at", Float),  # since when it waits for somebody to look whether it is meant
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_ticket_body_status", "body", "status"),
    partial("ix_ticket_watch", "watch_at IS NOT NULL", "watch_at"),
    # What the figures are read by: what was open, and what anything happened to.
    partial("ix_ticket_still_open", "closed_at IS NULL", "body"),
    Index("ix_ticket_updated_at", "updated_at"),
    Index("ix_ticket_cell", "cell", "category", "created_at"),
    Index("ix_ticket_area", "area", "category", "created_at"),
    partial("ix_ticket_duplicate_of", "duplicate_of <> ''", "duplicate_of"),
)

# Bodies that answer for a ticket beside its own: each has it delivered, one leads.
ticket_body = Table(
    "ticket_body",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("body", String(80), primary_key=True, index=True),
    Column("since", Float, nullable=False),
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

ticket_media = Table(
    "ticket_media",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("media_id", String(32), ForeignKey("media.id"), primary_key=True),
    Column("update_seq", Integer, nullable=False, server_default="0"),
    Column("position", Integer, nullable=False),
    Column("hidden_at", Float),  # the public does not see it
    partial("ix_ticket_media_hidden", "hidden_at IS NOT NULL", "media_id"),
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
    Column("whom", Id),  # whose the ticket is by it: the person's id; NULL also where that is nobody
    Column("about", String(40), nullable=False, server_default=""),  # what of it: an entry's number, a file's id
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

supporter = Table(
    "supporter",
    metadata,
    Column("ticket", String(7), ForeignKey("ticket.code"), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("address_id", Id),  # over which she joined, and is told
    Column("joined_at", Float, nullable=False),
)
