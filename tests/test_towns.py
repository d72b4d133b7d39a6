"""A pack that serves a whole country asks for the town by its name, and never pages through thousands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely
from msgspec.structs import replace
from sqlalchemy import select

from bot.messages import Boundary, Place
from routing.pack import Pack
from storage.schema import ticket
from tests.handset import Phone
from tests.machine import Machine, demo_pack, texts
from tests.routing.outlines import atlas

TOWNS = [f"Villa Inventada {number}" for number in range(40)]
STORY = "hay un bache enorme"
WHERE = "frente a la plaza, al lado del kiosco"


def country(folder: Path) -> Pack:
    """Forty towns and two that are called alike, in two provinces; each has a body of its own."""
    names = [*TOWNS, "San Martín", "San Martín"]
    rows = [
        Boundary("XX-N", "XX", "province", "", "Norte", "{}", "", shapely.to_wkb(shapely.box(0, 0, 50, 1))),
        Boundary("XX-S", "XX", "province", "", "Sur", "{}", "", shapely.to_wkb(shapely.box(0, 1, 50, 2))),
    ]
    for number, name in enumerate(names):
        north = number % 2
        outline = shapely.to_wkb(shapely.box(number, north, number + 1, north + 1))
        rows.append(
            Boundary(f"XX-{number}", "XX", "municipality", "XX-S" if north else "XX-N", name, "{}", "", outline)
        )
    records = demo_pack().records
    first = records.bodies[0]
    bodies = tuple(replace(first, id=f"hall-{n}", areas=(f"XX-{n}",)) for n in range(len(names)))
    everybody = tuple(body.id for body in bodies)
    categories = tuple(
        replace(each, bodies=everybody if each.leaf else (), fallback="", emergency=None, not_served=None)
        for each in records.categories
    )
    info = replace(records.info, levels=("province", "municipality"), choice_level="", fallback="", lat=0.5, lon=0.5)
    empty: dict[str, Any] = {"areas": (), "rules": (), "places": (), "streets": (), "mapped": ()}
    pack = Pack(replace(records, info=info, bodies=bodies, categories=categories, **empty))
    pack.use_atlas(atlas(folder / "areas", *rows))
    return pack


async def asked(machine: Machine, where: str = WHERE) -> Phone:
    """Somebody who has told what, and where in words."""
    rosa = machine.phone("rosa")
    await rosa.says(STORY)
    await rosa.says(where)
    return rosa


async def sent_to(machine: Machine, phone: Phone) -> str:
    """The body that gets it once it is sent."""
    await phone.taps("Enviar")
    return str(await machine.one(select(ticket.c.body)))


async def test_the_town_is_asked_for_by_its_name_and_no_list_is_shown(sqlite_url: str, tmp_path: Path) -> None:
    async with Machine(sqlite_url, pack=country(tmp_path)) as machine:
        rosa = await asked(machine)
        assert "¿En qué localidad" in rosa.last.text
        assert len(rosa.last.options) == 2
        await rosa.says("vila inventada 7")
        assert await sent_to(machine, rosa) == "hall-7"


async def test_a_pin_instead_of_the_name_is_the_place(sqlite_url: str, tmp_path: Path) -> None:
    async with Machine(sqlite_url, pack=country(tmp_path)) as machine:
        rosa = await asked(machine)
        await rosa.sends(place=Place(lat=1.5, lon=7.5, source="pin"))
        assert await sent_to(machine, rosa) == "hall-7"


async def test_of_two_towns_that_are_called_alike_she_chooses_by_the_province(sqlite_url: str, tmp_path: Path) -> None:
    async with Machine(sqlite_url, pack=country(tmp_path)) as machine:
        rosa = await asked(machine)
        await rosa.says("San Martin")
        assert [option.label for option in rosa.last.options][:2] == ["San Martín (Norte)", "San Martín (Sur)"]
        await rosa.taps("San Martín (Sur)")
        assert await sent_to(machine, rosa) == "hall-41"


async def test_a_town_behind_a_comma_is_not_asked_for_and_one_that_is_none_is_asked_again(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with Machine(sqlite_url, pack=country(tmp_path)) as machine:
        rosa = await asked(machine, "frente a la plaza principal, Villa Inventada 12")
        assert await sent_to(machine, rosa) == "hall-12"
        await rosa.says("/nuevo")
        await rosa.says(STORY)
        await rosa.says(WHERE)
        assert "No encuentro esa localidad" in "".join(texts(await rosa.says("Macondo")))
