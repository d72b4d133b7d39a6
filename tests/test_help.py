"""What /ayuda tells: nobody reads of a command that her role may not use, and nobody misses one that it may."""

from __future__ import annotations

import re

import pytest

from handlers.rights import RIGHTS, refusal
from locales import LANGUAGES, catalog, find_command
from storage.codes import PATTERN
from storage.officials import ROLES, Office
from tests.machine import Machine, texts
from tests.test_rights import hired

# Not told of: what every button has, what is told where it is done, and what only sets a further one right.
UNTOLD = {"undo", "view", "map", "weekly", "unblock"}


def commands(text: str, language: str) -> set[str]:
    """The commands that stand in a text, by their names."""
    found = {find_command(word, language, PATTERN) for word in re.findall(r"(?<![\w/])/[^\W\d]+", text)}
    return {each.name for each in found if each is not None}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
async def test_help_tells_an_official_what_she_may_do_and_nothing_else(
    role: str, language: str, sqlite_url: str
) -> None:
    async with Machine(sqlite_url) as machine:
        phone = await hired(machine, role)
        await phone.says(f"/idioma {language}")
        told = commands("\n".join(texts(await phone.says("/ayuda"))), language)
        may = {action for action in RIGHTS if not refusal([Office(body="comuna-3", role=role, proved=True)], action)}
        assert told & set(RIGHTS) <= may
        assert may - UNTOLD <= told | {"respond"}


async def test_a_citizen_reads_nothing_of_what_officials_do(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        (told,) = texts(await machine.phone("ana").says("/ayuda"))
        assert told == catalog("es").text("help", city="la Ciudad de Buenos Aires")
