"""Outbox rows for the tests of what sends them: short to write, quick to read."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import insert, select, update

from storage.database import Database
from storage.schema import address, outbox, person

NUMBERS = itertools.count(1)
ACCOUNT = "telegram:1"


def row(lane: str = "a", seq: int = 1, **values: Any) -> dict[str, Any]:
    """Return a row as the intake would write it, due since second 100 unless said otherwise."""
    number = next(NUMBERS)
    usual: dict[str, Any] = {
        "account": ACCOUNT,
        "lane": lane,
        "seq": seq,
        "kind": "message",
        "effect_key": f"effect-{number}",
        "address_id": None,
        "ticket": "",
        "bulk": False,
        "payload": '{"text":"hola"}',
        "due_at": 100.0,
        "expires_at": None,
        "created_at": 100.0,
    }
    return usual | values


async def put(database: Database, *rows: dict[str, Any]) -> list[int]:
    """Insert rows; return their ids in order."""
    async with database.write() as connection:
        made = await connection.execute(insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True), list(rows))
        return [each.id for each in made]


async def put_address(database: Database, external: str, **values: Any) -> int:
    """Insert somebody who can be written to; return the address's id."""
    async with database.write() as connection:
        who = (await connection.execute(insert(person).values(created_at=1.0).returning(person.c.id))).scalar_one()
        usual = {"account": ACCOUNT, "external": external, "person_id": who, "created_at": 1.0}
        made = await connection.execute(insert(address).values(**usual | values).returning(address.c.id))
        return int(made.scalar_one())


async def change(database: Database, number: int, **values: Any) -> None:
    """Change one row of the outbox behind everybody's back."""
    async with database.write() as connection:
        await connection.execute(update(outbox).where(outbox.c.id == number).values(**values))


async def read(database: Database, number: int) -> Any:
    """Return one row of the outbox as it stands."""
    async with database.read() as connection:
        return (await connection.execute(select(outbox).where(outbox.c.id == number))).one()


async def statuses(database: Database) -> list[str]:
    """Return the status of every row, in the order of their ids."""
    async with database.read() as connection:
        found = await connection.execute(select(outbox.c.status).order_by(outbox.c.id))
        return [each.status for each in found]


async def read_address(database: Database, number: int) -> Any:
    """Return one address as it stands."""
    async with database.read() as connection:
        return (await connection.execute(select(address).where(address.c.id == number))).one()
