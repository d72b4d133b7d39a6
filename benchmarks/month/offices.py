"""Officials: each body's hear of tickets, and work on them while the offices are open; some are left lying."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.month.ledger import Act
from benchmarks.month.people import Person
from benchmarks.month.phrases import Phrases

if TYPE_CHECKING:
    from benchmarks.month.people import World
    from bot.messages import Outbound

LANGUAGE = "es"
NEWS = ("told-new-ticket", "told-held-ticket", "told-passed-ticket", "told-incident")
ALERTS = ("alert-alarm", "alert-colleague", "alert-dispatcher", "alert-manager")
REFUSALS = (
    "who-was-first", "already-taken", "already-closed", "status-no-way", "status-final", "not-your-body", "still-held",
)  # fmt: skip
# In this order: the later ones are said in fewer words, which the earlier ones hold too.
REPLIES = (
    *REFUSALS, "taken", "taken-untold", "response-sent", "response-sent-waits", "response-kept", "status-set", "passed",
    "passed-waits", "passed-untold", "merged", "merged-untold", "freed", "rejected", "status-set-untold",
)  # fmt: skip
AGAIN = ("told-reopened", "told-answer", "told-answered-late")
TELLS = (*NEWS, *ALERTS, "alert-remind", "alert-many", *AGAIN, "digest", "numbers")


class Style(NamedTuple):
    """How a body works: hours of work until a first touch, days until it is done, the share that it leaves lying."""

    first: float
    done: float
    forgets: float


class Task(NamedTuple):
    """A command that went out: what it does, to whom, and when it was sent."""

    what: str
    to: str
    number: int
    at: float


# Of a hundred tickets: asked back, declined, passed on, merged with another.
ASKS, DECLINES, PASSES, MERGES = 8, 6, 3, 2
# Two officials take the same one, now and then; who is alarmed mostly looks.
BOTH, HEEDS, FREES = 0.03, 0.35, 0.25
TAKES, SAYS_IN_WORK = 0.6, 0.5
TEXTS = ("Gracias por avisar, pasa la cuadrilla esta semana.", "Lo vimos, queda anotado para la recorrida.")
DONE = ("quedó arreglado", "terminado por la cuadrilla", "reparado y limpio")


class Official(Person):
    """Somebody who works for a body."""

    def __init__(self, office: Office, account: str, address: str, role: str) -> None:
        super().__init__(office.world, account, address, LANGUAGE)
        self.office = office
        self.role = role
        self._tasks: dict[str, list[Task]] = {}

    def does(self, code: str, command: str, what: str, to: str = "") -> None:
        """Send a command about a ticket, at once."""
        sent = partial(self._sent, code, what, to)
        self.world.say(self, self.world.now, sent, **{"tapped" if command.startswith("/take") else "text": command})

    def _sent(self, code: str, what: str, to: str, number: int, at: float) -> None:
        self._tasks.setdefault(code, []).append(Task(what, to, number, at))

    def hear(self, messages: Sequence[Outbound]) -> None:
        for message in messages:
            told = self.office.phrases.first(message.text)
            # A card that changes says how a ticket is, to nobody in particular.
            reply = None if message.card else self.office.replies.first(message.text)
            if told:
                self.office.hears(self, message, *told)
            elif reply and (done := self._meant(reply[1]["code"], refused=reply[0] in REFUSALS)):
                self.office.answered(*done, self, refused=reply[0] in REFUSALS)

    def _meant(self, code: str, *, refused: bool) -> tuple[str, Task] | None:
        """The ticket and the command that a reply with this code is about: refused may be what it was to go into."""
        sent = [(about, tasks[0]) for about, tasks in self._tasks.items() if tasks]
        meant = [(about, task) for about, task in sent if about == code or (refused and task.to == code)]
        if not meant:
            return None
        about, _ = first = min(meant, key=lambda each: each[1].number)
        del self._tasks[about][0]
        return first


class Room(Person):
    """A body's group: what is told there all of its team read."""

    def __init__(self, office: Office, account: str, address: str) -> None:
        super().__init__(office.world, account, address, LANGUAGE)
        self.office = office

    def hear(self, messages: Sequence[Outbound]) -> None:
        for message in messages:
            if told := self.office.phrases.first(message.text):
                self.office.hears(self.office.somebody(), message, *told)


class Office:
    """A body with its officials."""

    def __init__(self, world: World, body: str, style: Style) -> None:
        self.world = world
        self.body = body
        self.team: list[Official] = []
        self.told: Counter[str] = Counter()
        self.phrases = Phrases(LANGUAGE, TELLS)
        self.replies = Phrases(LANGUAGE, REPLIES)
        self._style = style
        self._known: set[str] = set()
        self._open: dict[str, list[str]] = {}
        self._alarmed: set[str] = set()

    def hears(self, who: Official, message: Outbound, key: str, values: dict[str, str]) -> None:
        """One of the team was told something; what all of them hear is done by one."""
        self.told[key] += 1
        code = values.get("code", "")
        if key in ALERTS:
            self._heed(who, code)
        elif key == "alert-many":
            for option in message.options:
                if option.tap.startswith("/view "):
                    self._heed(who, option.tap.split()[1])
        elif key in AGAIN:
            self._once(f"{key} {code} {self.world.now // 60}", partial(self._finish_later, code, 0.5))
        elif key in NEWS:
            self._once(f"{key} {code}", partial(self._plan, code, held=key == "told-held-ticket"))

    def _once(self, what: str, do: object) -> None:
        if what not in self._known:
            self._known.add(what)
            do()  # type: ignore[operator]

    # What is done when

    def _plan(self, code: str, *, held: bool) -> None:
        dice = self.world.dice
        if dice.random() < self._style.forgets and not held:
            return
        at = self.world.worktime.after(self.world.now, dice.expovariate(1 / self._style.first))
        self.world.call(at, partial(self._look_at_held if held else self._touch, code))

    def _look_at_held(self, code: str) -> None:
        if self.world.dice.random() < FREES:
            self.somebody().does(code, f"/liberar {code}", "freed")
        else:
            self.somebody().does(code, f"/descartar {code}", "rejected")

    def _touch(self, code: str) -> None:
        """The first look at a ticket decides what becomes of it."""
        dice, who = self.world.dice, self.somebody()
        lot = dice.random() * 100
        if lot < ASKS:
            who.does(code, f"/responder {code} ¿A qué altura está exactamente?", "asked")
        elif lot < ASKS + DECLINES:
            who.does(code, f"/estado {code} rechazado no corresponde hacerlo", "status:declined")
        elif lot < ASKS + DECLINES + PASSES:
            self._give_away(who, code)
        elif lot < ASKS + DECLINES + PASSES + MERGES and (other := self._like(code)):
            who.does(code, f"/unir {code} {other}", "merged", other)
        else:
            self._begin(who, code)

    def _begin(self, who: Official, code: str) -> None:
        dice = self.world.dice
        self._open.setdefault(self.world.ledger.seen[code].category, []).append(code)
        if dice.random() < TAKES:
            who.does(code, f"/take {code}", "acknowledged")
            if dice.random() < BOTH:
                self.somebody().does(code, f"/take {code}", "acknowledged")
        else:
            who.does(code, f"/responder {code} {dice.choice(TEXTS)}", "answered")

    def _give_away(self, who: Official, code: str) -> None:
        other = self.world.dice.choice([each for each in self.world.offices if each != self.body])
        who.does(code, f"/pasar {code} {other} es de ellos por el lugar", "passed", other)

    def _like(self, code: str) -> str:
        """Another open one of the same kind."""
        alike = [each for each in self._open.get(self.world.ledger.seen[code].category, []) if each != code]
        return self.world.dice.choice(alike) if alike else ""

    def _finish_later(self, code: str, part: float = 1.0) -> None:
        hours = self.world.dice.lognormvariate(0.0, 0.8) * self._style.done * part * 9
        at = self.world.worktime.after(self.world.now, hours)
        if self.world.dice.random() < SAYS_IN_WORK:
            between = self.world.worktime.after(self.world.now, hours / 2)
            self.world.call(between, partial(self._go_to_work, code))
        self.world.call(at, partial(self._finish, code))

    def _go_to_work(self, code: str) -> None:
        self.somebody().does(code, f"/estado {code} en obra", "status:in_progress")

    def _finish(self, code: str) -> None:
        words = self.world.dice.choice(DONE)
        self.somebody().does(code, f"/estado {code} resuelto {words}", "status:resolved")

    def _heed(self, who: Official, code: str) -> None:
        """Who is alarmed looks at it herself, if she does."""
        if code not in self._alarmed and code in self.world.ledger.seen and self.world.dice.random() < HEEDS:
            self._alarmed.add(code)
            at = self.world.worktime.after(self.world.now, 2)
            self.world.call(at, partial(self._begin, who, code))

    def somebody(self) -> Official:
        """One of the team."""
        return self.world.dice.choice(self.team)

    # What came of it

    def answered(self, code: str, task: Task, who: Official, *, refused: bool) -> None:
        """A command was taken, or refused: somebody else was first, or it is closed by now."""
        self.told["refused" if refused else "taken"] += 1
        if refused or task.what == "rejected":
            return
        self.world.ledger.note(code, Act(task.number, task.at, task.what, who.name, task.to))
        if task.what == "merged":
            # The other one's history says so as well, in the official's name.
            self.world.ledger.note(task.to, Act(task.number, task.at, "answered", who.name))
        if task.what in ("merged", "passed", "status:declined", "status:resolved"):
            self._close(code)
        if task.what in ("acknowledged", "answered"):
            self._finish_later(code)
        if task.what == "freed":
            self._plan(code, held=False)

    def _close(self, code: str) -> None:
        for codes in self._open.values():
            if code in codes:
                codes.remove(code)
