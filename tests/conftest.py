"""What every test may ask for: an empty database with its schema in place, of either kind.

`database_url` runs a test twice, on SQLite and on a real PostgreSQL; `sqlite_url` and `postgres_url` give one of them.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.database import Database, migrate
from tests.postgres import NoPostgresError, Server, in_own_loop, running_server

if TYPE_CHECKING:
    from tests.scripted_rooms import House

NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-transcripts", action="store_true", help="write tests/conversations as they are said now")


@pytest.fixture
def update_transcripts(request: pytest.FixtureRequest) -> bool:
    """Tell whether transcripts are to be written instead of compared."""
    return bool(request.config.getoption("--update-transcripts"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Start a PostgreSQL server; without one the tests that need it skip, but never where CI is set."""
    try:
        with running_server() as server:
            yield server
    except NoPostgresError as error:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"no PostgreSQL: {error}")


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> Iterator[str]:
    """Migrate one database, of which every test gets a copy."""
    name = f"baldosa_template_{os.getpid()}"
    postgres.execute(f"CREATE DATABASE {name}")
    in_own_loop(migrate(postgres.database(name)))
    yield name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres: Server, postgres_template: str) -> Iterator[str]:
    """Return the URL of a PostgreSQL database of this test's own."""
    name = f"baldosa_test_{os.getpid()}_{next(NUMBERS)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres.database(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one file, of which every test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "baldosa.db"
    in_own_loop(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of an SQLite file of this test's own."""
    path = shutil.copy(sqlite_template, tmp_path / "baldosa.db")
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated, empty database: once SQLite, once PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Return a web server's rooms with a scripted machine behind them."""
    from tests.scripted_rooms import make_house

    async with make_house(sqlite_url, tmp_path) as house:
        yield house
