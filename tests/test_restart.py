"""Whatever people do, and whenever the machine is stopped: what is said and stored is the same.

A play is written down as the messages that came in and the time between them; then it is performed again in other ways:
stopped and started between any two steps, killed in the middle of them, in batches, with every message brought twice,
in another order of the chats. The whole database is compared.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Protocol

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select, update

from bot.messages import Attachment, Inbound
from routing.pack import Pack
from storage.schema import address, inbox, outbox, person, ticket
from tests.machine import CONGRESS, DAY, HOUR, MONTEVIDEO, Machine, Phone, lonely_pack

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
    "/estado {code} resuelto",
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
    steps = ("/tomar {code}", "/responder {code} ¿de qué lado?", "/estado {code} resuelto", "/estado {code} en obra")
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
    Act("luis", "say", "/estado {code} resuelto"),
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
        return await machine.dump("version", "provider_id")


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


async def stopped_everywhere(machine: Machine, steps: list[Step]) -> None:
    for step in steps:
        await do(machine, step)
        await machine.restart()
        await machine.settle()
        await machine.restart()


async def everything_twice(machine: Machine, steps: list[Step]) -> None:
    messages: list[Inbound] = []
    for step in steps:
        await do(machine, step)
        if isinstance(step, Inbound):
            messages.append(step)
            await machine.take(step, messages[len(messages) // 2])
        await machine.settle()
        await machine.take(*messages[-2:])


async def killed_everywhere(machine: Machine, steps: list[Step]) -> None:
    """Die after ever more turns of the loop while a message is being taken; then be brought it again."""
    for number, step in enumerate(steps):
        if isinstance(step, Inbound):
            await give_ids(machine, step)
            await die_while_taking(machine, step, turns=3 * (number % 17))
        await do(machine, step)
        await machine.settle()


async def die_while_taking(machine: Machine, message: Inbound, turns: int) -> None:
    lots = copy.deepcopy(machine.lots)
    taking = asyncio.create_task(machine.intake.take(message))
    for _ in range(turns):
        await asyncio.sleep(0)
    await machine.die()
    taking.cancel()
    await asyncio.wait([taking])
    machine.start()
    if not await machine.count(inbox, inbox.c.account == message.account, inbox.c.key == message.key):
        # A code that was drawn and lost would be another in a second draw.
        machine.lots = lots
        await machine.restart()


def in_batches(sizes: Sequence[int]) -> Perform:
    """Return the way in which so many messages at a time are handed over together."""

    async def perform(machine: Machine, steps: list[Step]) -> None:
        rest, turn = [step for step in steps if isinstance(step, Inbound)], itertools.cycle(sizes)
        while rest:
            size = next(turn)
            batch, rest = rest[:size], rest[size:]
            await machine.take(*batch)
        await machine.wait(60)

    return perform


def check(template: Path, play: list[Act], *ways: Perform) -> None:
    """Perform acts, and again in these ways; nothing may differ."""

    async def main(folder: str) -> None:
        steps: list[Step] = []

        async def first(machine: Machine) -> None:
            written = Play(machine)
            for act in play:
                await written.act(act)
            steps.extend(written.steps)

        before = await performed(folder, template, first)
        assert_healthy(before)
        for way in ways:
            after = await performed(folder, template, partial(way, steps=steps))
            for table, rows in before.items():
                assert after[table] == rows, f"{way.__name__}: {table}"

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


def assert_healthy(dump: Dump) -> None:
    """Hold what must be true of any database: no conversation failed, lanes and histories count without gaps."""
    columns = [column.name for column in inbox.c]
    dead = [row for row in dump["inbox"] if row[columns.index("status")] == "dead"]
    assert not dead
    for codes in {row[0] for row in dump["ticket_update"]}:
        seqs = [row[1] for row in dump["ticket_update"] if row[0] == codes]
        assert seqs == list(range(1, len(seqs) + 1))


few = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@few
@given(play=acts(PEOPLE))
@example(play=WHOLE)
def test_stops_deaths_and_doubles_between_and_in_any_steps_change_nothing(
    sqlite_template: Path, play: list[Act]
) -> None:
    check(sqlite_template, play, stopped_everywhere, killed_everywhere, everything_twice)


@few
@given(play=acts(PEOPLE, wait=False), sizes=st.lists(st.integers(2, 9), min_size=1, max_size=3))
@example(play=WHOLE, sizes=[99])
@example(play=WHOLE, sizes=[2, 3])
def test_messages_taken_together_leave_what_they_leave_one_by_one(
    sqlite_template: Path, play: list[Act], sizes: list[int]
) -> None:
    async def main(folder: str) -> None:
        steps = await written_down(folder, sqlite_template, [act for act in play if act.kind not in ("wait", "reply")])
        alone, together = [
            await performed(folder, sqlite_template, partial(in_batches(each), steps=steps)) for each in ([1], sizes)
        ]
        for table, rows in alone.items():
            assert together[table] == rows, table

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


@few
@given(ana=acts(["ana"], wait=False), eva=acts(["eva"], wait=False), lots=st.randoms(use_true_random=False))
@example(ana=[act for act in WHOLE if act.who == "ana"], eva=[act for act in WHOLE if act.who == "ana"], lots=Random(3))
def test_two_chats_say_the_same_however_they_are_shuffled(
    sqlite_template: Path, ana: list[Act], eva: list[Act], lots: Random
) -> None:
    async def main(folder: str) -> None:
        plays = {"ana": ana, "eva": [replace(act, who="eva") for act in eva]}
        pack = lonely_pack()  # Else the one is asked whether hers is the other's.
        written = {
            who: await written_down(folder, sqlite_template, without_ids(play), pack) for who, play in plays.items()
        }
        written = {who: [keyed(who, step) for step in steps] for who, steps in written.items()}
        serial = [*written["ana"], *written["eva"]]
        talks: dict[str, dict[str, list[str]]] = {}
        for name, steps in (("serial", serial), ("shuffled", shuffled(written, lots))):
            talks[name] = await told(folder, sqlite_template, steps)
        assert talks["shuffled"] == talks["serial"]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


def without_ids(play: list[Act]) -> list[Act]:
    """Return the play without what names a ticket or a message of the bot: these are others in another order."""
    return [act for act in play if "{code}" not in act.what and act.kind not in ("reply", "wait")]


def keyed(who: str, step: Step) -> Step:
    """Return a message under a key that nobody else's has."""
    return replace(step, key=f"{who}-{step.key}") if isinstance(step, Inbound) else step


def shuffled(written: dict[str, list[Step]], lots: Random) -> list[Step]:
    """Mix the chats; each keeps its order."""
    turns = [who for who, steps in written.items() for _ in steps]
    lots.shuffle(turns)
    rest = {who: iter(steps) for who, steps in written.items()}
    return [next(rest[who]) for who in turns]


async def written_down(folder: str, template: Path, play: list[Act], pack: Pack | None = None) -> list[Step]:
    """Return what comes in when these acts are performed."""
    steps: list[Step] = []

    async def perform(machine: Machine) -> None:
        written = Play(machine)
        for act in play:
            await written.act(act)
        steps.extend(written.steps)

    await performed(folder, template, perform, pack)
    return steps


async def told(folder: str, template: Path, steps: list[Step]) -> dict[str, list[str]]:
    """Return what each of two was told, with her tickets called by their numbers."""
    said: dict[str, list[str]] = {}

    async def perform(machine: Machine) -> None:
        await one_by_one(machine, steps)
        await machine.wait(60)
        for who in ("ana", "eva"):
            texts = [out.text for out in await machine.phone(who).everything()]
            rows = await machine.rows(select(ticket.c.code).order_by(ticket.c.created_at, ticket.c.code))
            said[who] = [_numbered(text, [row.code for row in rows]) for text in texts]

    await performed(folder, template, perform, lonely_pack())
    return said


def _numbered(text: str, codes: list[str]) -> str:
    for code in codes:
        text = text.replace(f"{code[:4]}-{code[4:]}", "a code").replace(code, "a code")
    return text
