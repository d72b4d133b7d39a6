"""Whatever citizens, officials and the clock do: nothing is lost, doubled, told to strangers or forgotten.

`BALDOSA_TEST_FULL=1` plays many more cities, other ones each time, and tells how many steps were taken in them.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.city_course import REACHED
from tests.city_rules import Rules
from tests.city_stage import make_cast
from tests.conftest import NUMBERS
from tests.postgres import Server, in_own_loop

FULL = bool(os.environ.get("BALDOSA_TEST_FULL"))
EXAMPLES, STEPS = (300, 60) if FULL else (3, 15)

# The longest that one city takes, in seconds; where a traceback goes, whoever captures what is written.
LONGEST, STDERR = 180, 2
# Makes a database with everybody in it.
Make = Callable[[], str]


@pytest.fixture(scope="module")
def cast_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("cast") / "cast.db"))
    in_own_loop(make_cast(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def on_sqlite(cast_file: Path, tmp_path: Path) -> Make:
    def make() -> str:
        path = shutil.copy(cast_file, tmp_path / f"{next(NUMBERS)}.db")
        return f"sqlite+aiosqlite:///{path}"

    return make


@pytest.fixture
def on_postgres(postgres: Server, postgres_url: str) -> Iterator[Make]:
    template = postgres_url.rpartition("/")[2].partition("?")[0]
    made: list[str] = []
    in_own_loop(make_cast(postgres_url))

    def make() -> str:
        for old in made:
            postgres.execute(f"DROP DATABASE {old} WITH (FORCE)")
        made[:] = [f"{template}_{next(NUMBERS)}"]
        postgres.execute(f"CREATE DATABASE {made[0]} TEMPLATE {template}")
        return postgres.database(made[0])

    yield make
    for old in made:
        postgres.execute(f"DROP DATABASE {old} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a database of either kind with everybody of the city in it, as often as it is called."""
    made: Make = request.getfixturevalue(f"on_{request.param}")
    return made


@pytest.mark.slow
def test_whatever_people_do_everybody_hears_what_is_hers_once_and_nothing_is_forgotten(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    done: Counter[str] = Counter()

    def patiently() -> str:
        # However many cities there are, one that hangs shows where.
        faulthandler.dump_traceback_later(LONGEST, exit=True, file=STDERR)
        return make()

    class City(Rules):
        new_database = staticmethod(patiently)
        tally = done

    run_state_machine_as_test(
        City,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not FULL,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # To find the shortest way to a fault takes minutes, and the whole way tells of it too.
            phases=(Phase.generate, Phase.shrink) if FULL else (Phase.generate,),
        ),
    )
    assert not REACHED - done.keys(), f"never happened: {sorted(REACHED - done.keys())}"
    if FULL:
        with capsys.disabled():
            sys.stdout.write(f"\n{done['cities']} cities, {done['steps']} steps: {dict(done.most_common())}\n")
