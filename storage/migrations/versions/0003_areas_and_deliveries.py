"""Deliveries, imported areas, squares to find tickets nearby, what geocoders and citizens taught."""

from __future__ import annotations

from math import floor

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("area", "area_import", "category_choice", "geocode", "remote_update", "delivery", "ticket_body")
COLUMNS = ("cell", "duplicate_of", "incident_at")
INDEXES = ("ix_ticket_cell", "ix_ticket_area", "ix_ticket_duplicate_of")
# The grid of storage/grid.py as it was when this was written.
DEGREES, COLUMNS_AROUND = 0.005, 72_000


def upgrade() -> None:
    _create_areas()
    _create_memories()
    _create_deliveries()
    _extend_tickets()


def downgrade() -> None:
    for index in INDEXES:
        op.drop_index(index, "ticket")
    for column in COLUMNS:
        op.drop_column("ticket", column)
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_areas() -> None:
    op.create_table(
        "area",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("parent", sa.String(length=80), server_default="", nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outline", sa.LargeBinary(), nullable=False),
        sa.Column("loaded_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_area"),
    )
    op.create_table(
        "area_import",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_area_import"),
    )


def _create_memories() -> None:
    op.create_table(
        "category_choice",
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("language", "word", "category", name="pk_category_choice"),
    )
    op.create_table(
        "geocode",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("query", sa.String(length=300), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "query", name="pk_geocode"),
    )
    op.create_index("ix_geocode_at", "geocode", ["at"])


def _create_deliveries() -> None:
    op.create_table(
        "remote_update",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("update_id", sa.String(length=200), nullable=False),
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("source", "update_id", name="pk_remote_update"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", Id, nullable=False),
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("remote_id", sa.String(length=200), server_default="", nullable=False),
        sa.Column("token", sa.String(length=200), server_default="", nullable=False),
        sa.Column("remote_status", sa.String(length=80), server_default="", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.String(length=300), server_default="", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.Column("polled_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_delivery_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("ticket", "body", "method", "seq", name="uq_delivery_ticket_body_method_seq"),
    )
    op.create_index(
        "ix_delivery_open",
        "delivery",
        ["status", "id"],
        sqlite_where=sa.text("status IN ('waiting', 'failed', 'unclaimed')"),
        postgresql_where=sa.text("status IN ('waiting', 'failed', 'unclaimed')"),
    )
    op.create_index("ix_delivery_remote", "delivery", ["method", "remote_id"])
    op.create_table(
        "ticket_body",
        sa.Column("ticket", sa.String(length=7), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.code"], name="fk_ticket_body_ticket"),
        sa.PrimaryKeyConstraint("ticket", "body", name="pk_ticket_body"),
    )
    op.create_index("ix_ticket_body_body", "ticket_body", ["body"])


def _extend_tickets() -> None:
    op.add_column("ticket", sa.Column("cell", Id, nullable=True))
    op.add_column("ticket", sa.Column("duplicate_of", sa.String(length=7), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("incident_at", sa.Float(), nullable=True))
    op.create_index("ix_ticket_cell", "ticket", ["cell", "category", "created_at"])
    op.create_index("ix_ticket_area", "ticket", ["area", "category", "created_at"])
    op.create_index(
        "ix_ticket_duplicate_of",
        "ticket",
        ["duplicate_of"],
        sqlite_where=sa.text("duplicate_of <> ''"),
        postgresql_where=sa.text("duplicate_of <> ''"),
    )
    connection = op.get_bind()
    ticket = sa.table("ticket", *(sa.column(name) for name in ("code", "lat", "lon", "cell")))
    rows = connection.execute(sa.select(ticket.c.code, ticket.c.lat, ticket.c.lon).where(ticket.c.lat.is_not(None)))
    for row in rows.all():
        cell = floor((row.lat + 90) / DEGREES) * COLUMNS_AROUND + floor((row.lon + 180) / DEGREES)
        connection.execute(sa.update(ticket).where(ticket.c.code == row.code).values(cell=cell))
