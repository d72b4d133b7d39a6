"""What officials of the city do to tickets, and to each other."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.city_people import OFFICIALS, STREETS, WATER
from tests.city_play import Play, any_ticket, anybody

has_tickets = Play.has_tickets
# What is done to a ticket from day to day, who does it and how soon, and how it ends.
WORK = (
    "/tomar {code}",
    "/responder {code} vamos mañana {word}",
    "/responder {code} ¿de qué lado {word}?",
    "/planificar {code} mañana {word}",
    "/planificar {code} en 10 días {word}",
    "/planificar {code} 30/4",
    "/estado {code} en obra {word}",
    "/estado {code} resuelto lo tapamos {word}",
)
ORDER = (
    *(f"/asignar {{code}} {name}" for name in ("yo", "Luis", "Mara Sosa", "Dora", "Pepe", "Nora")),
    *(f"/prioridad {{code}} {priority}" for priority in ("baja", "normal", "alta", "urgente")),
)
ENDS = ("/estado {code} rechazado es un terreno privado {word}", "/liberar {code}", "/descartar {code}")


class OfficialRules(Play):
    """One rule each."""

    def act(self, n: int, by: int, line: str) -> None:
        """Have an official write a command about a ticket; `{word}` is one of its own."""
        code = self.town.code(n)
        self.play(self.say(self.official(code, by), line.format(code=code, word=self.town.word())))

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, line=st.sampled_from(WORK))
    def work(self, n: int, by: int, line: str) -> None:
        self.act(n, by, line)

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, line=st.sampled_from(WORK), after=st.sampled_from([0.0, 40.0, 70.0]))
    def think_better_of_it(self, n: int, by: int, line: str, after: float) -> None:
        self.act(n, by, line)
        self.undo(n=n, by=1, after=after, named=True)

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, line=st.sampled_from(ORDER))
    def order(self, n: int, by: int, line: str) -> None:
        self.act(n, by, line)

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, line=st.sampled_from(ENDS), seldom=st.integers(0, 2))
    def end(self, n: int, by: int, line: str, seldom: int) -> None:
        self.act(n, by, line if not seldom else WORK[-1])

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody)
    def note(self, n: int, by: int) -> None:
        code, word = self.town.code(n), self.town.word()
        self.town.inside[word] = code
        self.play(self.say(self.official(code, by), f"/nota {code} llevar el cono {word}"))

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, nobody=st.integers(0, 9))
    def pass_on(self, n: int, by: int, nobody: int) -> None:
        body = self.town.states[self.town.code(n)].body
        to = "nobody" if nobody == 9 else WATER if body == STREETS else STREETS
        self.play(self._pass(self.town.code(n), by, to))

    async def _pass(self, code: str, by: int, to: str) -> None:
        who = self.official(code, by)
        if to == "nobody":
            await self.say(who, f"/estado {code} no corresponde")
            await self.choose(who, "nobody")
            await self.say(who, f"es privado {self.town.word()}")
        else:
            await self.say(who, f"/pasar {code} {to} es de ustedes {self.town.word()}")
            # Where it goes in a circle: on with it all the same.
            await self.choose(who, to)
        await self.tap(who, "/cancel")

    @precondition(has_tickets)
    @rule(n=any_ticket, m=any_ticket, by=anybody)
    def merge(self, n: int, m: int, by: int) -> None:
        code, into = self.town.code(n), self.town.code(m)
        self.play(self.say(self.official(code, by), f"/unir {code} {into}"))

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody)
    def split(self, n: int, by: int) -> None:
        merged = sorted(self.town.followers.into) or self.town.codes
        code = merged[n % len(merged)]
        self.play(self.say(self.official(code, by), f"/dividir {code}"))

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, after=st.sampled_from([0.0, 0.0, 40.0, 70.0]), named=st.booleans())
    def undo(self, n: int, by: int, after: float, *, named: bool) -> None:
        self.play(self._undo(self.town.code(n), by, after, named=named))

    async def _undo(self, code: str, by: int, after: float, *, named: bool) -> None:
        """Who did something last takes it back, mostly."""
        acts = [each for each in self.town.histories[code] if each.actor == "official"]
        last = self.town.persons[acts[-1].person_id] if acts and by % 5 else self.official(code, by)
        await self.city.wait(after)
        await self.say(last, f"/deshacer {code}" if named else "/deshacer")

    @rule(
        manager=st.sampled_from(["jefa", "gina"]),
        leaver=st.integers(0, 3),
        heir=st.booleans(),
        seldom=st.integers(0, 2),
    )
    def part(self, manager: str, leaver: int, seldom: int, *, heir: bool) -> None:
        team = [name for name in self.town.team(OFFICIALS[manager].body) if name != manager]
        if team and not seldom:
            self.play(self._part(manager, team[leaver % len(team)], heir=heir))

    async def _part(self, manager: str, leaver: str, *, heir: bool) -> None:
        await self.tap(manager, "/cancel")
        await self.say(manager, "/traspasar" if heir else "/quitar")
        await self.say(manager, OFFICIALS[leaver].name)
        await self.say(manager, OFFICIALS[manager].name)
        self.town.dismissed[leaver] = self.city.now
        await self.choose(manager, "yes")
        await self.tap(manager, "/cancel")
