"""A play: the messages that came in and the time between them, written down to be performed again."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol

from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import select, update

from bot.messages import Attachment, Inbound
from routing.pack import Pack
from storage.schema import address, outbox, person, ticket
from tests.handset import Phone
from tests.machine import CONGRESS, DAY, HOUR, MONTEVIDEO, Machine

NUMBERS = itertools.count(1)
PEOPLE = ("ana", "eva", "luis")
OFFICE = "comuna-3"
TEXTS = (
    "hola",
    "oi, tudo bem?",
    "bache",
    "hay un bache enorme en la esquina de mi casa",
    "hay un bache enorme -34.6098, -58.3925",
    "Hola! Se cayó un árbol en Rivadavia 1800, es urgente",
    "there is a pothole in front of my house",
    "Callao y Corrientes",
    "Palermo",
    "geo:-34.6098,-58.3925",
    "https://maps.app.goo.gl/abcdefgh",
    "no",
    "sí",
    "dale",
    "gracias",
    "👍",
    "1",
    "2",
    "7",
    "99",
    "ya mandamos la cuadrilla",
    "¿de qué lado?",
    "x" * 5000,
    "a\0b",
)
COMMANDS = (
    "ayuda",
    "help",
    "ajuda",
    "volver",
    "voltar",
    "back",
    "cancelar",
    "mis reclamos",
    "estado {code}",
    "status {code}",
    "estado",
    "{code}",
    "idioma",
    "/language english",
    "português",
    "baja",
    "borrar mis datos",
    "/reclamo",
    "/start",
    "/start {code}",
    "retirar {code}",
    "contestar {code} hola",
    "/arreglado {code}",
    "/bandeja",
    "/ver {code}",
    "/tomar {code}",
    "/responder {code} vamos mañana",
    "/responder {code} ¿de qué lado?",
    "/estado {code} resuelto lo tapamos",
    "/estado {code} rechazado",
    "/estado {code} en obra mañana",
    "/nada",
)
FILES = ("good1", "good2", "bad", "there", "never")


class Act(Struct, frozen=True):
    """Something that somebody does: `kind` says what, `what` and `number` how."""

    who: str
    kind: str
    what: str = ""
    number: int = 0


def acts(people: Sequence[str], *, wait: bool = True) -> st.SearchStrategy[list[Act]]:
    who = st.sampled_from(people)
    small = st.integers(0, 5)
    kinds = [
        st.builds(Act, who, st.just("say"), st.sampled_from(TEXTS)),
        st.builds(Act, who, st.just("say"), st.sampled_from(COMMANDS)),
        # A button among the newest that were shown, or of long ago.
        st.builds(Act, who, st.just("tap"), st.just(""), st.integers(0, 9)),
        st.builds(Act, who, st.just("tap"), st.just(""), st.integers(0, 99)),
        st.builds(Act, who, st.just("pin"), st.sampled_from(["here", "far"])),
        st.builds(Act, who, st.just("photo"), st.sampled_from(FILES), small),
        st.builds(Act, who, st.just("album"), st.sampled_from(FILES), st.integers(2, 3)),
        st.builds(Act, who, st.just("edit"), st.sampled_from(TEXTS), small),
        st.builds(Act, who, st.just("again"), st.just(""), small),
        st.builds(Act, who, st.just("reply"), st.sampled_from(TEXTS), small),
        st.builds(Act, who, st.sampled_from(["blocked", "unblocked"])),
    ]
    waits = [st.builds(Act, who, st.just("wait"), st.just(""), st.sampled_from([2, 15, int(HOUR), int(8 * DAY)]))]
    single = st.one_of(*kinds, *(waits if wait else [])).map(lambda act: [act])
    # Left to chance alone, hardly anybody would ever send a report.
    begin: st.SearchStrategy[list[Act]] = st.one_of(st.builds(report, who), st.just([]))
    chunks = st.lists(st.one_of(single, single, exchanges(who), st.builds(report, who)), min_size=2, max_size=9)
    return st.tuples(begin, chunks).map(lambda both: [act for part in (both[0], *both[1]) for act in part])


def report(who: str) -> list[Act]:
    """Return a report from the first word to the last."""
    return [Act(who, "say", TEXTS[3]), Act(who, "pin", "here"), Act(who, "say", "dale")]


def exchanges(who: st.SearchStrategy[str]) -> st.SearchStrategy[list[Act]]:
    """Return something that the official does and what the citizen makes of it."""
    steps = (
        "/tomar {code}",
        "/responder {code} ¿de qué lado?",
        "/estado {code} resuelto lo tapamos",
        "/estado {code} en obra",
    )
    answers = st.sampled_from(("sí", "no", "del lado del bar", "gracias", "volver", "cancelar", "baja"))
    return st.tuples(
        st.builds(Act, st.just("luis"), st.just("say"), st.sampled_from(steps)),
        st.builds(Act, who, st.just("say"), answers),
    ).map(list)


# A report from hello to thanks, with an official's question in it: the examples that are always tried.
WHOLE = [
    Act("ana", "say", "hay un bache enorme en la esquina de mi casa"),
    Act("ana", "photo", "there", 1),
    Act("ana", "say", "no"),
    Act("eva", "say", "hola"),
    Act("ana", "pin", "here"),
    Act("ana", "say", "volver"),
    Act("ana", "say", "es enorme"),
    Act("ana", "tap", "", 0),
    Act("ana", "say", "dale"),
    Act("luis", "say", "/responder {code} ¿de qué lado?"),
    Act("ana", "say", "hay un bache enorme en la esquina de mi casa"),
    Act("luis", "say", "/estado {code} resuelto lo tapamos"),
    Act("ana", "album", "good1", 3),
    Act("ana", "wait", "", 15),
    Act("ana", "say", "no"),
    Act("ana", "reply", "ya mandamos la cuadrilla", 1),
    Act("eva", "say", "estado {code}"),
]


# What came in, or how many seconds went by.
Step = Inbound | float


class Play:
    """Performs acts and writes down what came in. `steps` can be performed again."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.steps: list[Step] = []
        self.phones = {who: machine.phone(who) for who in PEOPLE}
        self.messages: dict[str, list[Inbound]] = {who: [] for who in PEOPLE}

    async def act(self, act: Act) -> None:
        """Do one thing, and let everything happen that follows from it at once."""
        if act.kind == "wait":
            self.steps.append(float(act.number))
            await self.machine.wait(act.number)
            return
        for message in await self._messages(act):
            self.steps.append(message)
            await self.machine.take(message)
            await self.machine.settle()

    async def _messages(self, act: Act) -> list[Inbound]:
        phone, before = self.phones[act.who], self.messages[act.who]
        made = await self._make(act, phone, before)
        before += [each for each in made if each not in before]
        return made

    async def _make(self, act: Act, phone: Phone, before: list[Inbound]) -> list[Inbound]:
        match act.kind:
            case "say":
                return [phone.message(act.what.replace("{code}", await self._code(act.who)))]
            case "pin":
                return [phone.message(place=CONGRESS if act.what == "here" else MONTEVIDEO)]
            case "photo":
                words = ("", "dale", "hay un bache enorme en la esquina")[act.number % 3]
                return [phone.message(words, captioned=bool(words), attachments=(Attachment("photo", act.what),))]
            case "album":
                parts = [(Attachment("photo", f"{act.what}{n}"),) for n in range(act.number)]
                return [phone.message(attachments=part, group="g") for part in parts]
            case "edit" | "again" if before:
                old = before[-1 - act.number % len(before)]
                return [old] if act.kind == "again" else [phone.message(act.what, kind="edited", message=old.message)]
            case "tap" | "reply":
                return await self._about_something_said(act, phone)
            case "blocked" | "unblocked":
                return [phone.message(kind=act.kind)]
            case _:
                return []

    async def _about_something_said(self, act: Act, phone: Phone) -> list[Inbound]:
        await phone.news()
        if act.kind == "tap":
            taps = [option.tap for out in reversed(phone.heard) for option in out.options]
            return [phone.message(tapped=taps[act.number % len(taps)])] if taps else []
        sent = update(outbox).where(outbox.c.kind == "message").values(provider_id=outbox.c.effect_key)
        await self.machine.work(lambda work: work.execute(sent))
        keys = select(outbox.c.effect_key).join(address, address.c.id == outbox.c.address_id)
        mine = keys.where(address.c.external == act.who, outbox.c.kind == "message").order_by(outbox.c.id.desc())
        found = [row.effect_key for row in await self.machine.rows(mine)]
        return [phone.message(act.what, reply_to=found[act.number % len(found)])] if found else []

    async def _code(self, who: str) -> str:
        newest = select(ticket.c.code).order_by(ticket.c.created_at.desc(), ticket.c.code).limit(1)
        own = newest.join(person, person.c.id == ticket.c.person_id).join(address, address.c.person_id == person.c.id)
        rows = await self.machine.rows(own.where(address.c.external == who)) or await self.machine.rows(newest)
        return str(rows[0].code) if rows else "0000000"


class Perform(Protocol):
    """A way to perform steps."""

    __name__: str

    def __call__(self, machine: Machine, steps: list[Step]) -> Coroutine[Any, Any, None]: ...


Dump = dict[str, list[tuple[Any, ...]]]


async def performed(
    folder: str, template: Path, perform: Callable[[Machine], Awaitable[None]], pack: Pack | None = None
) -> Dump:
    """Return the database after a performance, which began with an official and nothing else."""
    path = shutil.copy(template, f"{folder}/{next(NUMBERS)}.db")
    async with Machine(f"sqlite+aiosqlite:///{path}", pack=pack) as machine:
        await machine.appoint(machine.phone("luis"), OFFICE)
        await perform(machine)
        # The database counts how often a conversation was saved; and replies need ids that only a sender gives.
        found = await machine.dump("version", "provider_id")
        # Of two commands in one transaction the second is later by next to nothing.
        return {table: [tuple(map(_to_the_millisecond, row)) for row in rows] for table, rows in found.items()}


def _to_the_millisecond(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


async def one_by_one(machine: Machine, steps: list[Step]) -> None:
    for step in steps:
        await do(machine, step)
        await machine.settle()


async def do(machine: Machine, step: Step) -> None:
    if isinstance(step, float):
        await machine.wait(step)
        return
    await give_ids(machine, step)
    await machine.take(step)


async def give_ids(machine: Machine, message: Inbound) -> None:
    """Give the bot's messages their providers' ids, which a reply names."""
    if message.reply_to:
        sent = update(outbox).where(outbox.c.kind == "message").values(provider_id=outbox.c.effect_key)
        await machine.work(lambda work: work.execute(sent))
