"""What happens in every city, in an order of its own: left to chance alone, half of it would hardly ever happen."""

from __future__ import annotations

from collections.abc import Callable

from tests.city_checks import is_held
from tests.city_citizens import CitizenRules
from tests.city_officials import WORK, OfficialRules
from tests.city_people import CITIZENS, ELSEWHERE, OFFICIALS, PLACES, STORIES, STREETS, WATER
from tests.city_recount import OPEN
from tests.city_rights import LEADERS, hidden_now

UNTOUCHED = OPEN - {"waiting_citizen"}
# What must have happened in the cities of a run: what was done, and which status somebody led to.
BY_OFFICIALS = "assigned noted priority planned undone freed hidden blocked unblocked"
DONE = frozenset(f"{BY_OFFICIALS} rated doubted solved held escalated reminded".split())
LED = {
    "citizen": "received planned confirmed reopened withdrawn",
    "official": "acknowledged planned in_progress waiting_citizen resolved declined not_responsible duplicate reopened",
    "system": "received confirmed",
}
REACHED = DONE | {f"{status} by {who}" for who, statuses in LED.items() for status in statuses.split()}


class Course(CitizenRules, OfficialRules):
    """One method for each thing that happens; each finds the ticket that it needs, or has it reported."""

    crowd: list[str]

    def acts(self) -> dict[str, Callable[[], None]]:
        """Everything, by its name."""
        return {
            "work": self.see_through,
            "verdicts": self.judge,
            "twins": self.make_one_of_two,
            "withdraw": self.take_back,
            "held": self.hold_and_free,
            "dropped": self.hold_and_drop,
            "passed": self.hand_on,
            "ordered": self.give_orders,
            "declined": self.turn_down,
            "hidden": self.hide_and_show,
            "blocked": self.shut_out,
            "trespass": self.trespass,
        }

    def fresh(self, story: str = STORIES[0], who: str = "") -> str:
        """Have something reported, by another one each time."""
        self.crowd = [*self.crowd[1:], self.crowd[0]]
        self.play(self.send_report(who or self.crowd[0], story, PLACES[0], twin=False, photo=False))
        return self.town.codes[-1]

    def open_one(self, *but: str) -> str:
        """An open ticket of the streets; reported where there is none."""
        found = [code for code, state in self.town.states.items() if state.status in UNTOUCHED and code not in but]
        mine = [code for code in found if self.town.states[code].body == STREETS and not is_held(self.town, code)]
        return mine[-1] if mine else self.fresh()

    def does(self, code: str, line: str, roles: tuple[str, ...] = LEADERS) -> str:
        """Have somebody who may do it write a command about a ticket; who did, "" where nobody is left."""
        team = [name for name in self.town.team(self.town.states[code].body) if OFFICIALS[name].role in roles]
        if team:
            self.play(self.say(team[0], line.format(code=code, word=self.town.word())))
        return team[0] if team else ""

    def see_through(self) -> None:
        code = self.open_one()
        self.note(n=self.town.codes[::-1].index(code), by=0)
        for line in (WORK[0], WORK[3], WORK[2]):
            self.does(code, line, ("agent",))
        self.play(self.say(self.town.followers.reporter[code], f"/contestar {code} del lado par {self.town.word()}"))
        self.does(code, WORK[6], ("agent",))

    def judge(self) -> None:
        """Who joined it doubts, who reported it says no, and then yes; both give a mark."""
        code = self.open_one()
        reporter = self.town.followers.reporter[code]
        other = next(who for who in sorted(CITIZENS) if who != reporter)
        self.play(self._join(code, other))
        for who, answer in ((other, "no"), (reporter, "no"), (reporter, "yes")):
            if self.town.states[code].status != "resolved":
                self.does(code, WORK[-1], ("agent",))
            self.play(self._judge(code, who, answer))
        for who in (other, reporter):
            self.play(self.tap(who, f"/score {code} 4"))

    def make_one_of_two(self) -> None:
        """Who follows the one follows the other from then on, and no more once they are parted."""
        into = self.open_one()
        code = self.fresh()
        for number, who in enumerate(sorted(CITIZENS)[:3]):
            self.play(self._join((code, into)[number % 2], who))
        self.does(code, f"/unir {{code}} {into}")
        self.does(into, WORK[1], ("agent",))
        self.does(code, "/dividir {code}")
        self.does(into, WORK[6], ("agent",))

    def take_back(self) -> None:
        code = self.open_one()
        self.play(self._withdraw_as(self.town.followers.reporter[code], code, "solved"))

    def hold_and_free(self) -> None:
        code = self.fresh(STORIES[-1])
        self.play(self._try(self.stranger(code), f"me sumo {code}"))
        self.does(code, "/liberar {code}")

    def hold_and_drop(self) -> None:
        self.does(self.fresh(STORIES[-1]), "/descartar {code}")

    def hand_on(self) -> None:
        code = self.open_one()
        self.play(self._pass(code, 0, WATER))

    def give_orders(self) -> None:
        """An order, and one that is taken back at once."""
        code = self.open_one()
        self.does(code, "/prioridad {code} alta")
        self.does(code, "/prioridad {code} urgente")
        self.does(code, "/deshacer {code}")
        self.does(code, "/asignar {code} Luis")
        self.does(code, "/asignar {code} Mara")
        self.does(code, "/deshacer {code}")

    def turn_down(self) -> None:
        self.does(self.open_one(), "/estado {code} rechazado es un terreno privado {word}")

    def hide_and_show(self) -> None:
        code = self.open_one()
        if hidden_now(self.town, code):
            return
        who = self.does(code, "/nota {code} se la lee mal")
        self.play(self._hide(who, code))
        for command in ("/estado", "/fotos", "/ver"):
            self.play(self._try(self.stranger(code), f"{command} {code}"))
        self.fresh()
        self.does(code, "/liberar {code}")

    async def _hide(self, who: str, code: str) -> None:
        await self.say(who, f"/ocultar {code} dice un nombre {self.town.word()}")
        # The report itself, where more than that could be meant.
        await self.choose(who, "1", only=True)
        await self.tap(who, "/cancel")

    def shut_out(self) -> None:
        code = self.open_one()
        team = [name for name in self.town.team(STREETS) if OFFICIALS[name].role in LEADERS]
        self.play(self._shut_out(team[0], code, self.town.followers.reporter[code]))

    async def _shut_out(self, who: str, code: str, reporter: str) -> None:
        """While she is kept out nothing is taken from her."""
        word = self.town.word()
        self.town.in_vain.add(word)
        await self.say(who, f"/bloquear {code} 7 solo insulta")
        await self.say(reporter, f"/contestar {code} sigue igual {word}")
        await self.say(who, f"/desbloquear {code}")

    def stranger(self, code: str) -> str:
        """A citizen who never followed a ticket, if there is one left."""
        ever = self.town.ever.get(code, set())
        return next((who for who in sorted(CITIZENS) if who not in ever), "olga")

    def trespass(self) -> None:
        """Whoever has nothing to do with a ticket tries everything that others do to it, to its end."""
        code = self.open_one()
        olga = next(name for name, who in OFFICIALS.items() if who.body == ELSEWHERE)
        pepe = next((name for name in self.town.team(WATER)), olga)
        nobody = self.stranger(code)
        for who in (olga, pepe, nobody):
            self.play(self._trespass(who, code))
        self.does(code, WORK[-1], ("agent",))
        for who in (olga, nobody):
            self.play(self._trespass_later(who, code))

    async def _trespass(self, who: str, code: str) -> None:
        word = self.town.word()
        for line in ("tomar {}", "estado {} en obra", f"nota {{}} ajá {word}", "prioridad {} alta", "ver {}"):
            await self._try(who, f"/{line.format(code)}")
        await self._try(who, f"/estado {code} resuelto listo {word}")
        await self._withdraw_as(who, code, "yes")
        self.town.in_vain.add(word)

    async def _trespass_later(self, who: str, code: str) -> None:
        for answer in ("no", "yes"):
            await self._judge(code, who, answer)
        await self.tap(who, f"/score {code} 1")
        await self._try(who, f"/contestar {code} a mí también")
