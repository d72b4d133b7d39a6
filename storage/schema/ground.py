"""What all tables stand on: where they are gathered, and how an id and an index are written.

Times are Unix seconds (UTC) in floats, ids of our own are integers, JSON is text that msgspec wrote.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, MetaData, text

# Named constraints, so that a migration can drop them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives rowids only to INTEGER; PostgreSQL needs the wide one (Telegram's ids pass 2^31).
Id = BigInteger().with_variant(Integer(), "sqlite")


def partial(name: str, where: str, *columns: str) -> Index:
    """Index only the rows that are asked for, so that the history costs the queue nothing."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
