"""Whose a ticket is by an entry and what of it an entry was about, both as fixed as the rest; when a silence ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.entries import guard_entries

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What of an entry never changes, and what may be forgotten.
FIXED = ("ticket", "seq", "at", "actor", "body", "status", "public", "action")
FIXED_NOW = (*FIXED, "about")
FORGOTTEN = ("person_id", "address_id")
FORGOTTEN_NOW = (*FORGOTTEN, "whom")


def upgrade() -> None:
    op.add_column("ticket", sa.Column("broken_at", sa.Float(), nullable=True))
    op.add_column("ticket_update", sa.Column("whom", Id, nullable=True))
    # Before the guard knows the column. Until now an assignment named the colleague only.
    op.execute(
        "UPDATE ticket_update SET whom = (SELECT min(official.person_id) FROM official "
        "WHERE official.body = ticket_update.body AND official.name = ticket_update.reason) "
        "WHERE action = 'assigned' AND reason <> ''"
    )
    op.add_column("ticket_update", sa.Column("about", sa.String(40), nullable=False, server_default=""))
    guard_entries(FIXED_NOW, FORGOTTEN_NOW)


def downgrade() -> None:
    # The guard speaks of columns that go.
    guard_entries(FIXED, FORGOTTEN)
    op.drop_column("ticket_update", "about")
    op.drop_column("ticket_update", "whom")
    op.drop_column("ticket", "broken_at")
