"""São Paulo: requests with coordinates, over imported municipalities, in a pack that is made for the play."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from routing.pack import Pack
from routing.records import Body, Category, Emergency, Info, NotServed, Records
from tests.machine import demo_pack
from tests.service_requests.citizen import Request
from tests.service_requests.globe import Map
from tests.service_requests.telling import tell

LANGUAGE = "pt"
CITY = "BR-3550308"
BRASILIA = timezone(timedelta(hours=-3))
# So many of the city's parts, so that the same street comes again within the month.
PARTS = 6
# Enough degrees to the west to be out of the city and of its neighbours.
AWAY_WEST = 1.5

# The part of a theme, subject and service that decides, and the leaf that a citizen looks for: the first that is found.
LEAVES: tuple[tuple[str, str], ...] = (
    ("bilhete único", "bilhete"),
    ("tapa-buraco", "bache"),
    ("explosão", "gas-o-fuego"),
    ("queda de árvore", "arbol-caido"),
    ("queda de galho", "arbol-caido"),
    ("urgência", "risco"),
    ("itinerário", "onibus"),
    ("abrigo", "parada"),
    ("ponto de ônibus", "parada"),
    ("ônibus", "onibus"),
    ("atende", "onibus"),
    ("placas de trânsito", "senal"),
    ("sinalização horizontal", "senal"),
    ("estacionado", "mal-estacionado"),
    ("trânsito", "transito-otro"),
    ("funcionários", "limpieza-otro"),
    ("serviços de saúde", "limpieza-otro"),
    ("contêiner", "contenedor"),
    ("lixeira", "contenedor"),
    ("grandes objetos", "escombros"),
    ("entulho", "escombros"),
    ("enchentes", "inundacion"),
    ("coleta", "recoleccion"),
    ("animal morto", "animal-muerto"),
    ("lixo e limpeza", "basura"),
    ("bueiros", "boca-de-tormenta"),
    ("águas de chuvas", "boca-de-tormenta"),
    ("córregos", "agua-otro"),
    ("pontes e viadutos vistoria", "calles-otro"),
    ("asfalto", "bache"),
    ("guias e postes", "veredas-otro"),
    ("capinação", "pasto-alto"),
    ("iluminação", "luz-apagada"),
    ("pernilongo", "mosquitos"),
    ("animais", "salud-otro"),
)
# Who answers in São Paulo, by leaf or group; the town hall for the rest.
OFFICES = {
    "onibus": "transporte",
    "transito": "trafego",
    "limpieza": "limpeza",
    "salud": "vigilancia",
    "alumbrado": "iluminacao",
    "risco": "defesa-civil",
}
UTILITIES = {"corte-de-luz": "energia", "cano-roto": "saneamento", "sin-agua": "saneamento", "cloaca": "saneamento"}
HALL = "prefeitura"
# Reports that come in their dozens when it rains or a circuit fails.
OUTAGES = ("inundacion", "luz-apagada", "sin-agua")


class Row(NamedTuple):
    """One request: `said` is what the service is called, `part` of the city, times in Unix seconds."""

    at: float
    theme: str
    said: str
    part: str
    lat: float
    lon: float
    closed_at: float | None


def read_rows(path: Path) -> list[Row]:
    """All requests of a file, oldest first."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return sorted(map(row_of, csv.DictReader(file)))


def row_of(told: dict[str, str]) -> Row:
    """A request, of a line by its heads."""
    return Row(
        at=_seconds(told["opened_at"]),
        theme=f"{told['theme']} {told['subject']} {told['service']}".lower(),
        said=told["service"],
        part=told["subprefecture"],
        lat=float(told["lat"]),
        lon=float(told["lon"]),
        closed_at=_seconds(told["closed_at"]) if told["closed_at"] else None,
    )


def _seconds(told: str) -> float:
    return datetime.fromisoformat(told).replace(tzinfo=BRASILIA).timestamp()


def some_of(rows: Sequence[Row], most: int, dice: random.Random) -> list[Row]:
    """So many in a row, of some parts of the city, beginning some day: as dense as they really came."""
    parts = dice.sample(sorted({row.part for row in rows if row.part}), PARTS)
    there = [row for row in rows if row.part in parts]
    first = dice.randrange(max(1, len(there) - most))
    return there[first : first + most]


def requests(rows: Iterable[Row], truth: Map, dice: random.Random) -> list[Request]:
    """What their citizens do; `truth` knows in which municipality each really is."""
    return [_request(row, truth, dice) for row in rows]


def _request(row: Row, truth: Map, dice: random.Random) -> Request:
    about = truth.at(row.lat, row.lon) or {"id": "", "name": ""}
    how, told = tell(row.lat, row.lon, dice, west=AWAY_WEST)
    return Request(
        at=row.at,
        words=row.said,
        service=row.said,
        category=leaf_of(row.theme),
        told=told,
        lat=row.lat,
        lon=row.lon,
        area=str(about["id"]) if how != "elsewhere" else "",
        area_name=str(about["name"]),
        how=how,
        only_phones=dice.random() < 0.5,
        closed_at=row.closed_at,
    )


def leaf_of(theme: str) -> str:
    """The leaf that a citizen looks for who wants this."""
    return next((leaf for word, leaf in LEAVES if word in theme), "otro")


def make_pack(served: Sequence[dict[str, Any]], city: str = CITY) -> Pack:
    """The demo's categories, answered for by the offices of one city, and by the town halls of those around it.

    `served` are the properties of the municipalities, as their file has them.
    """
    areas = tuple(str(each["id"]) for each in served)
    others = [(f"{HALL}-{each['id'].lower()}", each) for each in served if each["id"] != city]
    halls = tuple(_body(name, f"Prefeitura de {each['name']}", (str(each["id"]),)) for name, each in others)
    offices = tuple(_body(name, f"{name.title()} da Cidade", (city,)) for name in dict.fromkeys(OFFICES.values()))
    firms = tuple(
        _body(name, f"{name.title()} do Estado", areas, kind="utility") for name in dict.fromkeys(UTILITIES.values())
    )
    elsewhere = tuple(body.id for body in halls)
    return Pack(
        Records(
            info=_info(),
            areas=(),
            bodies=(_body(HALL, "Prefeitura da Cidade", (city,)), *offices, *firms, *halls),
            categories=tuple(_answered(each, elsewhere) for each in (*demo_pack().records.categories, *_own())),
        )
    )


def _info() -> Info:
    name = "a Cidade de São Paulo"
    return Info(
        id="sao-paulo",
        names={"pt": name, "es": name, "en": name},
        languages=("pt", "es", "en"),
        language=LANGUAGE,
        country="BR",
        phone_prefix="+55",
        timezone="America/Sao_Paulo",
        levels=("municipality",),
        lat=-23.55,
        lon=-46.63,
    )


def _body(body_id: str, name: str, areas: tuple[str, ...], **others: Any) -> Body:
    return Body(id=body_id, names={"pt": name}, areas=areas, **others)


def _answered(category: Category, elsewhere: tuple[str, ...]) -> Category:
    """The category with those who answer for it here: a company everywhere, else an office in the city."""
    firm = UTILITIES.get(category.id)
    office = OFFICES.get(category.id) or OFFICES.get(category.parent, HALL)
    bodies = () if category.not_served else (firm,) if firm else (office, *elsewhere)
    outage = category.id in OUTAGES
    return msgspec.structs.replace(category, bodies=bodies, fallback="", inherits=False, outage=outage)


def _own() -> tuple[Category, ...]:
    """What the demo has no leaf for."""
    return (
        Category(
            id="onibus",
            icon="🚌",
            parent="transito",
            names={"pt": "Ônibus: linha ou motorista"},
            words={"pt": ("ônibus", "motorista do ônibus", "linha de ônibus", "ônibus atrasado", "ônibus lotado")},
            # A bus is elsewhere by now.
            nearby_m=0,
        ),
        Category(
            id="bilhete",
            icon="💳",
            parent="transito",
            names={"pt": "Bilhete e recarga"},
            words={"pt": ("bilhete único", "recarga", "cobrança de integração", "venda de crédito")},
            not_served=NotServed(
                reason={"pt": "Quem responde pelo bilhete é a empresa que o emite."},
                go_to={"pt": "Procure um posto de atendimento dela."},
            ),
        ),
        Category(
            id="risco",
            icon="🆘",
            parent="convivencia",
            names={"pt": "Risco de desabamento"},
            words={"pt": ("erosão", "deslizamento", "desabamento", "soterramento", "rompimento de adutora")},
            emergency=Emergency(phone="199", say={"pt": "É a Defesa Civil. Saia de perto."}),
        ),
    )
