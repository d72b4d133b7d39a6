"""Where a manager's code goes and how she was confirmed, blocks that outlive who is forgotten, floods by address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("invite", sa.Column("second", sa.String(length=20), server_default="", nullable=False))
    op.add_column("official", sa.Column("confirmed", sa.String(length=300), server_default="", nullable=False))
    op.add_column("second_proof", sa.Column("sent_to", Id, nullable=True))
    op.create_table(
        "shut_door",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("mark", name="pk_shut_door"),
    )
    op.create_table(
        "flood",
        sa.Column("id", Id, nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flood"),
    )
    op.create_index("ix_flood_mark", "flood", ["mark"])


def downgrade() -> None:
    op.drop_table("flood")
    op.drop_table("shut_door")
    op.drop_column("second_proof", "sent_to")
    op.drop_column("official", "confirmed")
    op.drop_column("invite", "second")
