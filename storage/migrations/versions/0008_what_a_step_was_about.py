"""Whose a ticket is by an entry and what of it an entry was about, both as fixed as the rest; when a silence ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What of an entry never changes, and what may be redacted, and to what.
FIXED = ("ticket", "seq", "at", "actor", "body", "status", "public", "action")
FIXED_NOW = (*FIXED, "about")
FORGOTTEN = ("person_id", "address_id")
FORGOTTEN_NOW = (*FORGOTTEN, "whom")
REDACTED = ("NEW.words IN (OLD.words, '')", "NEW.reason IN (OLD.reason, '')")
WHY = "the history of a ticket is append-only"


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
    _guard(FIXED_NOW, FORGOTTEN_NOW)


def downgrade() -> None:
    # The guard speaks of columns that go.
    _guard(FIXED, FORGOTTEN)
    op.drop_column("ticket_update", "about")
    op.drop_column("ticket_update", "whom")
    op.drop_column("ticket", "broken_at")


def _guard(fixed: tuple[str, ...], may_vanish: tuple[str, ...]) -> None:
    """Make the trigger that refuses changes of an entry anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER ticket_update_stands ON ticket_update")
        op.execute(
            "CREATE TRIGGER ticket_update_stands BEFORE UPDATE ON ticket_update FOR EACH ROW WHEN "
            f"(NOT ({_allowed('IS NOT DISTINCT FROM', fixed, may_vanish)})) EXECUTE FUNCTION refuse_history_change()"
        )
    else:
        op.execute("DROP TRIGGER ticket_update_stands")
        op.execute(
            "CREATE TRIGGER ticket_update_stands BEFORE UPDATE ON ticket_update "
            f"WHEN NOT ({_allowed('IS', fixed, may_vanish)}) BEGIN SELECT RAISE(ABORT, '{WHY}'); END"
        )


def _allowed(same: str, fixed: tuple[str, ...], may_vanish: tuple[str, ...]) -> str:
    """What must be true of an update; `same` is the database's "equal, or both NULL"."""
    kept = [f"NEW.{name} {same} OLD.{name}" for name in fixed]
    gone = [f"(NEW.{name} IS NULL OR NEW.{name} {same} OLD.{name})" for name in may_vanish]
    return " AND ".join([*kept, *REDACTED, *gone])
