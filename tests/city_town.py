"""The town as it ought to be: after every step what happened is read and held against what people did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from storage import audit
from storage.schema import address, official, supporter, ticket
from storage.schema import update as ticket_update
from tests import city_recount as recount
from tests.city_followers import Followers
from tests.city_people import CITIZENS, OFFICIALS
from tests.city_recount import CITIZEN, OFFICIAL, SYSTEM, UNDONE, State
from tests.city_rights import check_allowed
from tests.city_stage import City

WORD = re.compile(r"\bx(?:[bcdfgkmpt][aeiou]){3}\b")
# What a citizen does to a ticket that others who follow it hear of.
HEARD_OF_OTHERS = ("confirmed", "reopened", "withdrawn")


class Telling(Struct, frozen=True):
    """An entry that these are to be told of, with the word of its own that it holds; or the step that it takes back."""

    code: str
    seq: int
    at: float
    audience: frozenset[str]
    word: str = ""
    undoes: tuple[int, ...] = ()


class Town:
    """What is known of the city from outside: tickets by their codes, who follows them, who is to be told of what."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.followers = Followers()
        self.codes: list[str] = []
        self.states: dict[str, State] = {}
        self.began: dict[str, str] = {}
        self.histories: dict[str, list[Any]] = {}
        self.tellings: dict[tuple[str, int], Telling] = {}
        # Words that only some may read: what is inside a body, by the ticket that it is about.
        self.inside: dict[str, str] = {}
        # The words of reports, by themselves, and what somebody said in vain, who was kept out.
        self.reported: dict[str, str] = {}
        self.in_vain: set[str] = set()
        # Who followed which ticket at any time, and when stock was last taken.
        self.ever: dict[str, set[str]] = {}
        self.live: dict[str, set[str]] = {}
        self.dismissed: dict[str, float] = {}
        self.persons: dict[int, str] = {}
        self.people: dict[str, int] = {}
        self.words = 0

    async def meet(self) -> None:
        """Learn who is who."""
        await self.city.meet()
        rows = await self.city.rows(select(address.c.id, address.c.person_id))
        self.persons = {row.person_id: self.city.names[row.id] for row in rows}
        ids = {name: person_id for person_id, name in self.persons.items()}
        self.people = {who.name: ids[name] for name, who in OFFICIALS.items()}

    def word(self) -> str:
        """A word that nobody has said yet."""
        self.words += 1
        left, letters = self.words * 7919 % 91125, ""
        for _ in range(3):
            left, at = divmod(left, 45)
            letters += "bcdfgkmpt"[at // 5] + "aeiou"[at % 5]
        return f"x{letters}"

    def code(self, number: int) -> str:
        """One of the tickets, the newest first."""
        return self.codes[-1 - number % len(self.codes)]

    def team(self, body: str) -> list[str]:
        """Who acts for a body now."""
        return [name for name, who in OFFICIALS.items() if who.body == body and name not in self.dismissed]

    def is_open(self, code: str) -> bool:
        """True while a ticket is open, by its own history."""
        return self.states[code].status in recount.OPEN

    async def take_stock(self) -> None:
        """Read what happened since the last time; whatever contradicts what was done fails."""
        entries = await self._read_entries()
        fresh: list[Any] = []
        for code, history in entries.items():
            if code not in self.histories:
                self._note_new(code, history)
            fresh += history[len(self.histories[code]) :]
            self.histories[code] = history
        self._note_all(sorted(fresh, key=lambda entry: (entry.at, entry.ticket, entry.seq)))
        await self._check_rows()
        for entry in fresh:
            # Who joins says something in the same breath.
            followed = self.live.get(entry.ticket, set()) | self.followers.of(entry.ticket)
            check_allowed(self, entry, followed)
            assert not self.in_vain & set(WORD.findall(entry.words)), f"{entry.words} was taken from who is blocked"
        self.live = {code: self.followers.of(code) for code in self.codes}
        for code, followers in self.live.items():
            self.ever.setdefault(code, set()).update(followers)
        assert not await self.city.dead(), "a conversation failed"

    async def _read_entries(self) -> dict[str, list[Any]]:
        rows = await self.city.rows(select(ticket_update).order_by(ticket_update.c.ticket, ticket_update.c.seq))
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(row.ticket, []).append(row)
        return found

    def _note_new(self, code: str, history: list[Any]) -> None:
        self.histories[code] = []
        self.codes.append(code)
        self.followers.opened(code, self.persons[history[0].person_id])

    def _note_all(self, fresh: Sequence[Any]) -> None:
        moves = [entry for entry in fresh if entry.status == "duplicate" or _parts(entry)]
        noted = {(entry.at, entry.reason.replace("-", "")) for entry in moves}
        for entry in moves:
            if entry.status == "duplicate":
                self.followers.merge(entry.ticket, entry.reason.replace("-", ""))
            else:
                self.followers.split(entry.ticket)
        for code in dict.fromkeys(entry.ticket for entry in fresh):
            self._note_tellings([entry for entry in fresh if entry.ticket == code], noted)

    def _note_tellings(self, entries: list[Any], noted: set[tuple[float, str]]) -> None:
        for number, entry in enumerate(entries):
            later = entries[number + 1] if number + 1 < len(entries) else None
            one_step = later is not None and later.at == entry.at and later.actor in (OFFICIAL, SYSTEM)
            if entry.action == UNDONE:
                self._note_undoing(entry)
            elif audience := self._audience(entry, implied=one_step, noted=(entry.at, entry.ticket) in noted):
                said = WORD.search(f"{entry.reason} {entry.words}")
                word = said[0] if said else ""
                telling = Telling(entry.ticket, entry.seq, entry.at, frozenset(audience), word)
                self.tellings[entry.ticket, entry.seq] = telling

    def _audience(self, entry: Any, *, implied: bool, noted: bool) -> set[str]:
        """Who is to be told of an entry: nobody of what is inside, of a report itself, of a step on the way."""
        followers = self.followers.of(entry.ticket)
        if not entry.public or entry.seq == 1:
            return set()
        if entry.actor == CITIZEN:
            return followers - {self.persons.get(entry.person_id, "")} if entry.status in HEARD_OF_OTHERS else set()
        # That another one was merged into it, or parted from it, is told to those who followed that one.
        if entry.actor == OFFICIAL and (implied or (noted and not entry.status)):
            return set()
        return followers

    def _note_undoing(self, entry: Any) -> None:
        steps = recount.groups(self.histories[entry.ticket][: entry.seq - 1])[-1]
        undone = [each for each in steps if (entry.ticket, each.seq) in self.tellings]
        told = {who for each in undone for who in self.tellings[entry.ticket, each.seq].audience}
        seqs = tuple(each.seq for each in undone)
        telling = Telling(entry.ticket, entry.seq, entry.at, frozenset(told), undoes=seqs)
        self.tellings[entry.ticket, entry.seq] = telling

    async def _check_rows(self) -> None:
        """What is kept of each ticket is what its history tells, and who follows it is who said so."""
        acting = {self.persons[row.person_id] for row in await self.city.rows(select(official.c.person_id))}
        assert acting == OFFICIALS.keys() - self.dismissed.keys()
        joined: dict[str, set[str]] = {code: set() for code in self.codes}
        for row in await self.city.rows(select(supporter)):
            joined[row.ticket].add(self.persons[row.person_id])
        for row in await self.city.rows(select(ticket)):
            began = self.began.setdefault(row.code, row.body)
            state = recount.replay(self.histories[row.code], began, self.people)
            kept = State(**{name: getattr(row, name) for name in State.__struct_fields__})
            assert kept == state, f"{row.code} is kept as {kept}, its history tells {state}"
            assert row.update_seq == len(self.histories[row.code])
            self.reported |= dict.fromkeys(WORD.findall(row.words), row.code)
            self.states[row.code] = state
            expected = self.followers.supporters(row.code)
            assert joined[row.code] == expected, f"{row.code} has {joined[row.code]}, and {expected} joined"

    async def check_audit(self) -> Counter[str]:
        """The audit tells every entry, of whom and from where; how often what was done."""
        async with self.city.database.read() as connection:
            found = [each async for each in audit.entries(connection)]
        told = {(each.ticket, each.seq): each for each in found}
        entries = [entry for history in self.histories.values() for entry in history]
        assert len(told) == len(found) == len(entries)
        for entry in entries:
            line = told[entry.ticket, entry.seq]
            assert (line.at, line.actor, line.status) == (entry.at, entry.actor, entry.status)
            assert (line.action, line.person) == (entry.action, entry.person_id)
            acts = entry.actor == OFFICIAL and self.persons[entry.person_id] not in self.dismissed
            assert not acts or line.name == OFFICIALS[self.persons[entry.person_id]].name
        done = Counter(entry.action for entry in entries if entry.action)
        return done + Counter(f"{entry.status or 'words'} by {entry.actor}" for entry in entries)


def _parts(entry: Any) -> bool:
    return entry.status == "reopened" and entry.actor == OFFICIAL and bool(entry.reason)


def addresses_of_others(who: str) -> set[str]:
    """By what other citizens are reached, which nobody else reads."""
    return {each.external for name, each in CITIZENS.items() if name != who and len(each.external) > 8}
