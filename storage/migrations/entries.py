"""The guard of a ticket's history: what of an entry never changes, what may be redacted, and what may be forgotten."""

from __future__ import annotations

from alembic import op

# What may be redacted, and to what; what the public reads instead of an entry's words may change.
REDACTED = ("NEW.words IN (OLD.words, '')", "NEW.reason IN (OLD.reason, '')")
WHY = "the history of a ticket is append-only"


def guard_entries(fixed: tuple[str, ...], may_vanish: tuple[str, ...]) -> None:
    """Make the trigger that refuses other changes anew: columns that are `fixed`, and those that may become NULL."""
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
