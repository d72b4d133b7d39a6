"""`/estado CODE visto` is the same step as `/tomar`: it is said so, it is in her hands, and it is undone like it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from locales import catalog
from storage.schema import ticket
from tests.machine import Machine
from tests.test_care import citizen, reported
from tests.test_rights import hired, person_at

WORDS = catalog("es")


@pytest.mark.parametrize("command", ["/tomar {code}", "/estado {code} visto", "/estado {code} visto vamos mañana"])
async def test_whoever_has_seen_it_has_it_until_she_takes_that_back(command: str, sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "agent")
        code = await reported(machine, ana)
        holder = select(ticket.c.taken_by).where(ticket.c.code == code)
        said = (await luis.says(command.format(code=code)))[0].text
        assert said == WORDS.text("taken", code=f"{code[:4]}-{code[4:]}")
        assert await machine.one(holder) == (await person_at(machine, luis))[0]
        await luis.says("/deshacer")
        assert await machine.one(holder) is None
