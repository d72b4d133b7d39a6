"""Deadlines, verdicts, cards, second proofs and blocks; a history that tells every action and from where it was done."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.entries import guard_entries

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("verdict", "card", "second_proof", "block")
# What of an entry never changes.
FIXED = ("ticket", "seq", "at", "actor", "body", "status", "public")
FIXED_NOW = (*FIXED, "action")
CLOSED = "'resolved', 'confirmed', 'declined', 'not_responsible', 'duplicate', 'withdrawn'"


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    watched = sa.text("watch_at IS NOT NULL")
    op.create_index("ix_ticket_watch", "ticket", ["watch_at"], sqlite_where=watched, postgresql_where=watched)
    op.create_index("ix_ticket_updated_at", "ticket", ["updated_at"])
    still = sa.text("closed_at IS NULL")
    op.create_index("ix_ticket_still_open", "ticket", ["body"], sqlite_where=still, postgresql_where=still)
    hidden = sa.text("hidden_at IS NOT NULL")
    op.create_index(
        "ix_ticket_media_hidden", "ticket_media", ["media_id"], sqlite_where=hidden, postgresql_where=hidden
    )
    _create_tables()
    guard_entries(FIXED_NOW, ("person_id", "address_id"))
    _fill_in()


def downgrade() -> None:
    # The guard speaks of columns that go.
    guard_entries(FIXED, ("person_id",))
    for table in TABLES:
        op.drop_table(table)
    for index in ("ix_ticket_still_open", "ix_ticket_updated_at", "ix_ticket_watch"):
        op.drop_index(index, "ticket")
    op.drop_index("ix_ticket_media_hidden", "ticket_media")
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)


def _fill_in() -> None:
    """Read off the histories when tickets of before were first answered and last closed."""
    mine = "FROM ticket_update u WHERE u.ticket = ticket.code"
    answered = f"SELECT min(u.at) {mine} AND u.actor = 'official' AND u.public"
    # The innermost `u` is that of its own select.
    opened = f"SELECT coalesce(max(u.seq), 0) {mine} AND u.status <> '' AND u.status NOT IN ({CLOSED})"
    closed = f"SELECT min(u.at) {mine} AND u.status IN ({CLOSED}) AND u.seq > ({opened})"
    op.execute(f"UPDATE ticket SET answered_at = ({answered}), closed_at = ({closed})")  # noqa: S608
    # The clock looks at everything that is not closed for good, and gives it targets from that moment on.
    op.execute(f"UPDATE ticket SET watch_at = created_at WHERE status NOT IN ({CLOSED}) OR status = 'resolved'")  # noqa: S608


def _added() -> dict[str, tuple[sa.Column[Any], ...]]:
    # A column belongs to one table for ever, and an upgrade may run twice in one process.
    return {
        "ticket": (
            sa.Column("priority", sa.String(length=8), server_default="", nullable=False),
            sa.Column("planned_for", sa.Float(), nullable=True),
            sa.Column("answer_by", sa.Float(), nullable=True),
            sa.Column("answered_at", sa.Float(), nullable=True),
            sa.Column("close_by", sa.Float(), nullable=True),
            sa.Column("closed_at", sa.Float(), nullable=True),
            sa.Column("watch_at", sa.Float(), nullable=True),
            sa.Column("rung", sa.Integer(), server_default="0", nullable=False),
            sa.Column("rating", sa.Integer(), nullable=True),
            sa.Column("public_words", sa.Text(), nullable=True),
            sa.Column("held_at", sa.Float(), nullable=True),
        ),
        "ticket_update": (
            sa.Column("address_id", Id, nullable=True),
            sa.Column("action", sa.String(length=16), server_default="", nullable=False),
            sa.Column("public_words", sa.Text(), nullable=True),
        ),
        "official": (
            sa.Column("proved_at", sa.Float(), nullable=True),
            sa.Column("digest_hour", sa.Integer(), nullable=True),
        ),
        "invite": (
            sa.Column("made_by", Id, nullable=True),
            sa.Column("used_by", Id, nullable=True),
            sa.Column("revoked_at", sa.Float(), nullable=True),
        ),
        "ticket_media": (sa.Column("hidden_at", sa.Float(), nullable=True),),
    }


def _create_tables() -> None:
    op.create_table(
        "verdict",
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_verdict_ticket"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_verdict_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket", "person_id", "seq", name="pk_verdict"),
    )
    op.create_table(
        "card",
        sa.Column("address_id", Id, nullable=False),
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("effect_key", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_card_address_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_card_ticket"),
        sa.PrimaryKeyConstraint("address_id", "ticket", name="pk_card"),
    )
    op.create_table(
        "second_proof",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("address_id", Id, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_second_proof_person_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_second_proof_address_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_second_proof"),
    )
    op.create_index("ix_second_proof_code_hash", "second_proof", ["code_hash"])
    op.create_table(
        "block",
        sa.Column("id", Id, nullable=False),
        sa.Column("address_id", Id, nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("made_by", Id, nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=True),
        sa.Column("lifted_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_block_address_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_block"),
    )
    op.create_index("ix_block_address_id", "block", ["address_id"])
