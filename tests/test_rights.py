"""Who may do what: every command that belongs to officials, tried as every role on every kind of ticket."""

from __future__ import annotations

import itertools

import pytest
from msgspec import Struct
from sqlalchemy import select, update

from handlers import COMMANDS
from handlers.rights import RIGHTS, refusal
from locales import catalog
from storage import merging, officials, passing, tickets
from storage.officials import Office
from storage.schema import address, official, ticket
from storage.schema import update as ticket_update
from storage.updates import Change
from storage.work import Work
from tests.handset import Phone
from tests.leaving import dismiss
from tests.machine import ACCOUNT, CONGRESS, Machine

OWN, LEADS, FOREIGN = "comuna-3", "agua", "comuna-14"
# An unproved manager has not given her second proof; a citizen is the one who reported the ticket.
ROLES = ("nobody", "citizen", "agent", "dispatcher", "unproved", "manager")
OFFICIALS = ("agent", "dispatcher", "unproved", "manager")
ABOVE = ("dispatcher", "manager")


class Case(Struct, frozen=True):
    """One command: how it is written, and which roles get it done on an own, a beside and a foreign ticket.

    `acts` is false for one that only shows something; `ticket` is false for one that is about no ticket.
    """

    line: str
    own: tuple[str, ...] = OFFICIALS
    beside: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    acts: bool = True
    ticket: bool = True


EXPECTED: dict[str, Case] = {
    "inbox": Case("/bandeja", acts=False, ticket=False),
    "search": Case("/buscar bache", acts=False, ticket=False),
    "digest": Case("/resumen", acts=False, ticket=False),
    "numbers": Case("/numeros", acts=False, ticket=False),
    "view": Case("/ver {code}", beside=OFFICIALS, acts=False),
    "map": Case("/mapa {code}", beside=OFFICIALS, acts=False),
    "take": Case("/tomar {code}"),
    "respond": Case("/responder {code} vamos mañana", beside=OFFICIALS),
    "reply": Case("/contestar {code} vamos mañana", beside=OFFICIALS),
    "status": Case("/estado {code} rechazado es un terreno privado"),
    "resolve": Case("/resolver {code} lo tapamos"),
    "pass": Case("/pasar {code} comuna-2 es del otro lado"),
    "merge": Case("/unir {code} {other}"),
    "split": Case("/dividir {merged}"),
    "hide": Case("/ocultar {code} nombra a otra persona", own=ABOVE),
    "correct": Case("/corregir {code} hay un pozo", own=ABOVE),
    "free": Case("/liberar {held}"),
    "reject": Case("/descartar {held}"),
    "block": Case("/bloquear {code} 30 manda cualquier cosa", own=ABOVE),
    "unblock": Case("/desbloquear {code}", own=ABOVE, acts=False),
    "assign": Case("/asignar {code} yo"),
    "note": Case("/nota {code} pasar con la escalera", beside=OFFICIALS),
    "priority": Case("/prioridad {code} alta", own=ABOVE),
    "plan": Case("/planificar {code} viernes"),
    "undo": Case("/deshacer {code}", acts=False),
    "bulk": Case("/varios {code} {other}", own=ABOVE, acts=False, ticket=False),
    "team": Case("/equipo", own=("manager",), acts=False, ticket=False),
    "recruit": Case("/invitar Luisa", own=("manager",), acts=False, ticket=False),
    "revoke": Case("/revocar", own=("manager",), acts=False, ticket=False),
    "transfer": Case("/traspasar", own=("manager",), acts=False, ticket=False),
    "dismiss": Case("/quitar", own=("manager",), acts=False, ticket=False),
}
# What anybody may do, with what is hers.
EVERYBODYS = frozenset(
    {
        *("report", "start", "help", "mine", "fixed", "withdraw", "language", "stop", "delete", "thanks", "unknown"),
        *("invite", "phone", "separate", "light", "full", "photos", "join", "leave", "refile", "prove"),
        *("addphoto", "request", "score", "solved", "unneeded"),
    }
)


def test_no_command_is_without_an_expectation() -> None:
    assert COMMANDS.keys() == EXPECTED.keys() | EVERYBODYS


TRIED = [(name, role) for name, role in itertools.product(EXPECTED, ROLES)]


@pytest.mark.parametrize(("name", "role"), TRIED, ids=[f"{name}-{role}" for name, role in TRIED])
async def test_a_command_is_done_or_refused_as_expected(name: str, role: str, sqlite_url: str) -> None:
    case = EXPECTED[name]
    async with Machine(sqlite_url) as machine:
        phone = await hired(machine, role)
        kinds = {"own": case.own, "beside": case.beside, "foreign": case.foreign} if case.ticket else {"own": case.own}
        for kind, roles in kinds.items():
            done = await tried(machine, phone, case, kind, reporter=role == "citizen")
            assert done == (role in roles), f"{name} as {role} on {kind}: {phone.last.text}"


async def hired(machine: Machine, role: str) -> Phone:
    """The phone of somebody in that role."""
    phone = machine.phone("luis")
    await phone.says("/ayuda")
    if role in OFFICIALS:
        await appointed(machine, phone, OWN, "manager" if role == "unproved" else role, proved=role == "manager")
    return phone


async def appointed(machine: Machine, phone: Phone, body: str, role: str, *, proved: bool) -> None:
    """Make somebody who has written already act for a body."""
    person_id, address_id = await person_at(machine, phone)
    await machine.work(lambda work: officials.appoint(work, person_id, address_id, [body], role))
    if proved:
        await machine.work(lambda work: work.execute(update(official).values(proved_at=work.now)))


async def person_at(machine: Machine, phone: Phone) -> tuple[int, int]:
    """(person id, address id) behind a phone."""
    here = select(address.c.person_id, address.c.id).where(
        address.c.account == ACCOUNT, address.c.external == phone.who
    )
    row = (await machine.rows(here))[0]
    return row.person_id, row.id


async def tried(machine: Machine, phone: Phone, case: Case, kind: str, *, reporter: bool) -> bool:
    """Write the command about fresh tickets; whether it was done."""
    mine = (await person_at(machine, phone)) if reporter else await person_at(machine, await stranger(machine))
    codes = [await machine.work(lambda work: opened(work, kind, mine)) for _ in range(4)]
    code, other, merged, waits = codes
    await machine.work(lambda work: gather(work, merged, other))
    hold = update(ticket).where(ticket.c.code == waits).values(held_at=machine.now)
    await machine.work(lambda work: work.execute(hold))
    before = await acts_on(machine, codes)
    said = await phone.says(case.line.format(code=code, other=other, merged=merged, held=waits))
    # Figures are looked up first: nothing is said yet.
    refused = bool(said) and said[0].text in refusals(codes)
    if not case.acts:
        return not refused
    acted = await acts_on(machine, codes) > before
    assert not (acted and refused), said[0].text
    return acted


async def stranger(machine: Machine) -> Phone:
    phone = machine.phone("eva")
    await phone.says("/ayuda")
    return phone


def opened(work: Work, kind: str, reporter: tuple[int, int]) -> str:
    """A ticket that the official's body leads, stands beside of, or has nothing to do with."""
    person_id, address_id = reporter
    code = tickets.open_ticket(
        work,
        person_id=person_id,
        address_id=address_id,
        category="bache",
        body={"own": OWN, "beside": LEADS, "foreign": FOREIGN}[kind],
        area="",
        place=CONGRESS,
        words="un pozo",
        media_ids=(),
        language="es",
    )
    if kind == "beside":
        passing.stand_beside(work, code, [OWN])
    return code


async def gather(work: Work, code: str, into: str) -> None:
    """Make two tickets one, as an official of theirs would."""
    one, other = await tickets.by_code(work, code), await tickets.by_code(work, into)
    assert one is not None
    assert other is not None
    await merging.merge(work, one, other, Change(actor="official", body=one.body))


async def acts_on(machine: Machine, codes: list[str]) -> int:
    """How much officials did to these tickets."""
    return await machine.count(ticket_update, ticket_update.c.ticket.in_(codes), ticket_update.c.actor == "official")


def refusals(codes: list[str]) -> set[str]:
    """Everything with which a right is refused."""
    words = catalog("es")
    plain = {words.text(key) for key in ("not-official", "not-in-group", "not-proved", "needs-dispatcher")}
    plain.add(words.text("needs-manager"))
    bodies = ("Comuna 3", "Comuna 14", "AySA", "Agua y Desagües de la Ciudad")
    return plain | {
        words.text("not-your-body", code=f"{code[:4]}-{code[4:]}", body=body) for code in codes for body in bodies
    }


# What officials' commands ask for, under the names that the commands to come ask for too: the roles that may.
LEAST = {
    **dict.fromkeys(("inbox", "numbers", "digest", "take", "status", "plan", "undo"), OFFICIALS),
    **dict.fromkeys(("view", "map", "respond", "note", "pass", "merge", "split", "free"), OFFICIALS),
    **dict.fromkeys(("assign", "priority", "bulk", "hide", "correct", "block", "unblock"), ABOVE),
    **dict.fromkeys(("weekly", "team", "recruit", "revoke", "dismiss", "transfer"), ("manager",)),
}
BESIDE = {"view", "map", "respond", "note"}
NOT_IN_GROUPS = {"weekly", "team", "recruit", "revoke", "dismiss", "transfer"}


def held(role: str, body: str = OWN) -> list[Office]:
    if role in ("nobody", "citizen"):
        return []
    return [Office(body, "manager" if role == "unproved" else role, proved=role == "manager")]


def test_every_right_is_expected_and_every_expectation_is_a_right() -> None:
    assert RIGHTS.keys() == LEAST.keys()


@pytest.mark.parametrize("action", LEAST)
@pytest.mark.parametrize("role", ROLES)
def test_the_table_gives_each_role_its_rights(action: str, role: str) -> None:
    may = role in LEAST[action]
    assert (refusal(held(role), action) == "") == may
    assert (refusal(held(role), action, (OWN, ())) == "") == may
    assert (refusal(held(role), action, (LEADS, [OWN])) == "") == (may and action in BESIDE)
    assert refusal(held(role), action, (FOREIGN, ())) != ""
    assert (refusal(held(role), action, group=True) == "") == (may and action not in NOT_IN_GROUPS)


@pytest.mark.parametrize(
    ("role", "action", "bodies", "why"),
    [
        ("nobody", "take", (OWN, ()), "not-official"),
        ("agent", "take", (FOREIGN, ()), "not-your-body"),
        ("agent", "hide", (FOREIGN, ()), "not-your-body"),
        ("agent", "hide", (OWN, ()), "needs-dispatcher"),
        ("dispatcher", "team", None, "needs-manager"),
        ("unproved", "team", None, "not-proved"),
        ("unproved", "hide", (OWN, ()), "not-proved"),
    ],
)
def test_a_refusal_says_what_is_missing(
    role: str, action: str, bodies: tuple[str, tuple[str, ...]] | None, why: str
) -> None:
    assert refusal(held(role), action, bodies) == why


def test_a_role_in_one_body_gives_nothing_in_another() -> None:
    both = [*held("manager", FOREIGN), *held("agent")]
    assert refusal(both, "hide", (OWN, ())) == "needs-dispatcher"
    assert refusal(both, "hide", (FOREIGN, ())) == ""
    assert refusal(both, "team") == ""


async def test_a_right_that_is_lost_in_the_middle_of_a_question_is_lost(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        phone = await hired(machine, "agent")
        reporter = await person_at(machine, await stranger(machine))
        code = await machine.work(lambda work: opened(work, "own", reporter))
        await phone.says(f"/estado {code} rechazado")
        await machine.work(lambda work: dismiss(work, 1))
        await phone.says("es un terreno privado")
        assert await machine.one(select(ticket.c.status).where(ticket.c.code == code)) == "received"
