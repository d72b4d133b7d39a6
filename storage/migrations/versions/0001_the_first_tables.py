"""The first tables, and the triggers that keep a ticket's history as it was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "invite", "official", "supporter", "ticket_update", "ticket_media", "ticket",
    "pack", "media", "lease", "outbox", "inbox", "conversation", "address", "person",
)  # fmt: skip

# What of an entry may be redacted, and to what; everything else is as it was written.
FIXED = ("ticket", "seq", "at", "actor", "body", "status", "public")
REDACTED = ("NEW.words IN (OLD.words, '')", "NEW.reason IN (OLD.reason, '')")
WHY = "the history of a ticket is append-only"


def upgrade() -> None:
    _create_people()
    _create_traffic()
    _create_tickets()
    _create_offices()
    if op.get_bind().dialect.name == "postgresql":
        _guard_in_postgresql()
    else:
        _guard_in_sqlite()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_history_change()")


def _create_people() -> None:
    # Who writes, from where, and the talk that runs.
    op.create_table(
        "person",
        sa.Column("id", Id, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "address",
        sa.Column("id", Id, nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("external", sa.String(length=200), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("language", sa.String(length=12), server_default="", nullable=False),
        sa.Column("verified_at", sa.Float(), nullable=True),
        sa.Column("opted_out_at", sa.Float(), nullable=True),
        sa.Column("blocked_at", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_address_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
        sa.UniqueConstraint("account", "external", name="uq_address_account_external"),
    )
    op.create_index("ix_address_person_id", "address", ["person_id"])
    op.create_table(
        "conversation",
        sa.Column("address_id", Id, autoincrement=False, nullable=False),
        sa.Column("talks", sa.Text(), server_default="[]", nullable=False),
        sa.Column("gathering", sa.Text(), server_default="[]", nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("out_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_in_at", sa.Float(), server_default="0", nullable=False),
        sa.Column("timer_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_conversation_address_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("address_id", name="pk_conversation"),
    )


def _create_traffic() -> None:
    # What comes in, what is to be done, who may do it.
    op.create_table(
        "inbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("address_id", Id, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("error", sa.String(length=200), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("account", "key", name="uq_inbox_account_key"),
    )
    op.create_index("ix_inbox_address_id", "inbox", ["address_id"])
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("effect_key", sa.String(length=200), nullable=False),
        sa.Column("address_id", Id, nullable=True),
        sa.Column("ticket", sa.String(length=12), server_default="", nullable=False),
        sa.Column("bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="pending", nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("doubts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("plain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sending_since", sa.Float(), nullable=True),
        sa.Column("claim_token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("provider_id", sa.String(length=120), server_default="", nullable=False),
        sa.Column("error_class", sa.String(length=16), server_default="", nullable=False),
        sa.Column("error", sa.String(length=300), server_default="", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("effect_key", name="uq_outbox_effect_key"),
    )
    op.create_index(
        "ix_outbox_bare",
        "outbox",
        ["done_at"],
        sqlite_where=sa.text("done_at IS NOT NULL AND payload = ''"),
        postgresql_where=sa.text("done_at IS NOT NULL AND payload = ''"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["account", "bulk", "due_at", "id"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_outbox_failed",
        "outbox",
        ["account", "id"],
        sqlite_where=sa.text("status IN ('failed', 'unknown')"),
        postgresql_where=sa.text("status IN ('failed', 'unknown')"),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["account", "lane", "seq", "id"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_outbox_sent", "outbox", ["address_id", "provider_id"])
    op.create_index(
        "ix_outbox_words",
        "outbox",
        ["done_at"],
        sqlite_where=sa.text("done_at IS NOT NULL AND payload <> ''"),
        postgresql_where=sa.text("done_at IS NOT NULL AND payload <> ''"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "media",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address_id", Id, nullable=True),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=40), server_default="", nullable=False),
        sa.Column("mime", sa.String(length=80), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("width", sa.Integer(), server_default="0", nullable=False),
        sa.Column("height", sa.Integer(), server_default="0", nullable=False),
        sa.Column("key", sa.String(length=120), server_default="", nullable=False),
        sa.Column("thumbnail", sa.String(length=120), server_default="", nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
    )
    op.create_index("ix_media_address_id", "media", ["address_id"])
    op.create_table(
        "pack",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pack"),
    )


def _create_tickets() -> None:
    # What was reported and what became of it.
    op.create_table(
        "ticket",
        sa.Column("code", sa.String(length=7), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("address_id", Id, nullable=True),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("area", sa.String(length=80), server_default="", nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("update_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken_by", Id, nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_ticket"),
    )
    op.create_index("ix_ticket_body_status", "ticket", ["body", "status"])
    op.create_index("ix_ticket_person_id", "ticket", ["person_id"])
    op.create_table(
        "ticket_media",
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("media_id", sa.String(length=32), nullable=False),
        sa.Column("update_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_ticket_media_media_id"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_ticket_media_ticket"),
        sa.PrimaryKeyConstraint("ticket", "media_id", name="pk_ticket_media"),
    )
    op.create_table(
        "ticket_update",
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor", sa.String(length=10), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("body", sa.String(length=80), server_default="", nullable=False),
        sa.Column("status", sa.String(length=16), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_ticket_update_ticket"),
        sa.PrimaryKeyConstraint("ticket", "seq", name="pk_ticket_update"),
    )
    op.create_table(
        "supporter",
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("joined_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_supporter_person_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_supporter_ticket"),
        sa.PrimaryKeyConstraint("ticket", "person_id", name="pk_supporter"),
    )


def _create_offices() -> None:
    # Who answers.
    op.create_table(
        "official",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("address_id", Id, nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_official_address_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_official_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_official"),
        sa.UniqueConstraint("person_id", "address_id", "body", name="uq_official_person_id_address_id_body"),
    )
    op.create_index("ix_official_body", "official", ["body"])
    op.create_table(
        "invite",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("bodies", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invite"),
    )


def _allowed(same: str) -> str:
    """What must be true of an update; `same` is the database's "equal, or both NULL"."""
    kept = [f"NEW.{name} {same} OLD.{name}" for name in FIXED]
    return " AND ".join([*kept, *REDACTED, f"(NEW.person_id IS NULL OR NEW.person_id {same} OLD.person_id)"])


def _guard_in_sqlite() -> None:
    # A later migration that copies the table (batch mode) must make these again: SQLite drops them with the old one.
    refuse = f"BEGIN SELECT RAISE(ABORT, '{WHY}'); END"
    op.execute(f"CREATE TRIGGER ticket_update_stays BEFORE DELETE ON ticket_update {refuse}")
    op.execute(
        f"CREATE TRIGGER ticket_update_stands BEFORE UPDATE ON ticket_update WHEN NOT ({_allowed('IS')}) {refuse}"
    )


def _guard_in_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{WHY}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    refuse = "EXECUTE FUNCTION refuse_history_change()"
    op.execute(f"CREATE TRIGGER ticket_update_stays BEFORE DELETE ON ticket_update FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER ticket_update_remains BEFORE TRUNCATE ON ticket_update FOR EACH STATEMENT {refuse}")
    op.execute(
        "CREATE TRIGGER ticket_update_stands BEFORE UPDATE ON ticket_update FOR EACH ROW "
        f"WHEN (NOT ({_allowed('IS NOT DISTINCT FROM')})) {refuse}"
    )
