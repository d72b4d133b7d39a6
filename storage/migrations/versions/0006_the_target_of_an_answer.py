"""Until when the first answer had to be given when it was: a later body's target judges it no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("answered_due", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("ticket", "answered_due")
