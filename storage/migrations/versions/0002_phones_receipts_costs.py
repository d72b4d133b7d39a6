"""Phones that are proved, receipts of providers, costs, and what is held back until somebody writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# One by one and not in a batch: SQLite adds a column in place, and would otherwise write a whole table anew.
COLUMNS = {
    "person": (
        sa.Column("low_data", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fallback_address_id", Id, nullable=True),
    ),
    "address": (
        sa.Column("phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("window_until", sa.Float(), nullable=True),
        sa.Column("opted_out_by", sa.String(length=8), server_default="", nullable=False),
    ),
    "outbox": (
        sa.Column("receipt", sa.String(length=16), server_default="", nullable=False),
        sa.Column("segments", sa.Integer(), server_default="0", nullable=False),
        sa.Column("important", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fallback_at", sa.Float(), nullable=True),
    ),
    "supporter": (sa.Column("address_id", Id, nullable=True),),
}
PARTIAL = {
    "ix_outbox_held": ("outbox", "status = 'held'", "address_id"),
    "ix_outbox_important": ("outbox", "important AND fallback_at IS NULL", "created_at"),
    "ix_inbox_words": ("inbox", "body <> ''", "received_at"),
}
TABLES = ("cost", "receipt", "joining", "phone_proof")


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_address_phone", "address", ["phone"])
    op.create_index("ix_official_address_id", "official", ["address_id"])
    for name, (table, where, column) in PARTIAL.items():
        op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    _create_phones()
    _create_receipts()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for name, (table, *_) in PARTIAL.items():
        op.drop_index(name, table)
    op.drop_index("ix_official_address_id", "official")
    op.drop_index("ix_address_phone", "address")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)


def _create_phones() -> None:
    op.create_table(
        "phone_proof",
        sa.Column("id", Id, nullable=False),
        sa.Column("address_id", Id, nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_phone_proof_address_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_proof"),
    )
    op.create_index("ix_phone_proof_address_id", "phone_proof", ["address_id"])
    op.create_index("ix_phone_proof_phone", "phone_proof", ["phone"])
    op.create_table(
        "joining",
        sa.Column("id", Id, nullable=False),
        sa.Column("address_id", Id, nullable=False),
        sa.Column("person_from", Id, nullable=False),
        sa.Column("person_to", Id, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("undone_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name="fk_joining_address_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_joining"),
    )
    op.create_index("ix_joining_address_id", "joining", ["address_id"])


def _create_receipts() -> None:
    op.create_table(
        "receipt",
        sa.Column("id", Id, nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("provider_id", sa.String(length=120), nullable=False),
        sa.Column("outbox_id", Id, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=10), server_default="", nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.UniqueConstraint(
            "account", "provider_id", "status", "code", name="uq_receipt_account_provider_id_status_code"
        ),
    )
    op.create_index("ix_receipt_outbox_id", "receipt", ["outbox_id"])
    op.create_index("ix_receipt_at", "receipt", ["at"])
    op.create_table(
        "cost",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "account", "body", name="pk_cost"),
    )
