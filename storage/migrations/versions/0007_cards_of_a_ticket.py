"""The cards of a ticket are found by it: every step of a ticket asks which messages show it."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_card_ticket", "card", ["ticket"])


def downgrade() -> None:
    op.drop_index("ix_card_ticket", "card")
