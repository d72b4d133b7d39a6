"""Citizens: they report, or join, and are asked whether it was fixed; some are there to annoy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.month.ledger import Act, Seen
from benchmarks.month.people import Person
from benchmarks.month.phrases import Phrases
from tests.service_requests.citizen import Answer, Citizen, name_of

if TYPE_CHECKING:
    from benchmarks.month.people import World
    from bot.messages import Outbound
    from tests.service_requests.citizen import Request

HOUR, DAY = 3600.0, 86400.0
SENT = ("report-sent", "report-sent-waits", "report-held")
JOINS = ("ask-adding", "ask-adding-photo", "joined")
KEYS = (
    *SENT, *JOINS, "left", "withdrawn", "told-gathered", "told-question", "silence-unanswered", "thanks-fixed",
    "thanks-yes", "fixed-unsure", "ask-missing-doubted", "ask-missing", "thanks-score", "answer-passed-on",
    "silence-alarm-answer", "silence-alarm-closing", "silence-colleague", "silence-dispatcher", "silence-manager",
    "silence-request", "silence-confirmed", "sent-enough", "told-resolved", "ask-fixed-again", "others-confirmed",
    "reopened", "doubt-kept",
)  # fmt: skip
# What of "was it fixed?" was heard, by what she answered.
TAKEN = {
    "yes": ("thanks-fixed", "thanks-yes"),
    "no": ("ask-missing-doubted", "ask-missing"),
    "unsure": ("fixed-unsure",),
}
# What is said of words about what is missing, and of words that were a No by themselves.
KEPT = ("reopened", "doubt-kept")
ANSWERS, SHARES = ("yes", "no", "unsure", ""), (50, 12, 8, 30)
ANSWERS_QUESTION, ANSWERS_LATE, SCORES, SAYS_MORE = 0.7, 0.3, 0.6, 0.5
WAKES, SLEEPS = 8, 22
_PARTS = re.compile(r"[. ]")


class Neighbour(Person):
    """Whoever follows tickets; `told` counts what she was told by itself."""

    def __init__(self, world: World, account: str, address: str, language: str) -> None:
        super().__init__(world, account, address, language)
        self.told = 0
        self.climbed: set[str] = set()
        self.refused = 0
        self._phrases = Phrases(language, KEYS)
        # What she said and has not heard back about: (code, answer, number, moment).
        self._verdicts: list[tuple[str, str, int, float]] = []
        # What she said about something else, which the bot may take for a verdict when it has asked for one meanwhile.
        self._beside: list[tuple[str, str, int, float]] = []
        self._scores: list[tuple[str, int, int, float]] = []
        self._reply: tuple[str, int, float] | None = None
        self._joining: tuple[int, float] | None = None
        self._leaving: tuple[int, float] | None = None
        self._withdrawing: tuple[str, int, float] | None = None

    def hear(self, messages: Sequence[Outbound]) -> None:
        for message in messages:
            self.told += 1
            said = dict(self._phrases.every(message.text))
            for key, values in said.items():
                self._note(key, values)
            self._react(message, said)

    # What was heard of what she did

    def _note(self, key: str, values: dict[str, str]) -> None:
        code = values.get("code", "")
        if key in JOINS and self._joining:
            self._write(code, self._joining, "joined")
            self._joining = None
        elif key == "left" and self._leaving:
            self._write(code, self._leaving, "left")
        elif key == "withdrawn" and self._withdrawing:
            self._write(code, self._withdrawing[1:], "withdrawn")
        elif key == "told-gathered":
            self.world.ledger.gathered(code, values["into"])
        elif key == "answer-passed-on" and self._reply:
            self._write(self._reply[0], self._reply[1:], "replied")
            self._reply = None
        elif key == "thanks-score" and self._scores:
            rated, stars, number, at = self._scores.pop(0)
            self._write(rated, (number, at), f"rated:{stars}")
        elif key.startswith("silence-") and key not in ("silence-unanswered", "silence-confirmed"):
            self.climbed.add(f"{key.removeprefix('silence-')} {code}")
        elif key == "sent-enough":
            self.refused += 1
        elif key in KEPT:
            self._note_more(key, code)
        else:
            self._note_verdict(key, code)

    def _note_verdict(self, key: str, named: str) -> None:
        """The last one that it can be about: what was refused is never heard of again."""
        for said in (self._verdicts, self._beside):
            meant = [each for each in said if key in TAKEN[each[1]]]
            if meant := [each for each in meant if each[0] == named] or meant:
                said.remove(meant[-1])
                return self._note_answer(key, named, *meant[-1])

    def _note_answer(self, key: str, named: str, code: str, answer: str, number: int, at: float) -> None:
        code = named or code
        self._write(code, (number, at), f"verdict:{answer}")
        if key == "ask-missing":
            self._write(code, (number, at), "reopened")
        if answer == "no":
            more = "continua igual, olhem de novo" if self.world.dice.random() < SAYS_MORE else "não consigo mandar"
            self.say(more, sent=partial(self._said_beside, code, "no"))

    def _note_more(self, key: str, code: str) -> None:
        """What she said after a No was kept; by then it may have been said of a later question, and be a No to that."""
        meant = [each for each in self._beside if each[:2] == (code, "no")]
        if meant:
            self._beside.remove(meant[-1])
            self._write(code, meant[-1][2:], f"more:{key}")

    def _said_beside(self, code: str, answer: str, number: int, at: float) -> None:
        self._beside.append((code, answer, number, at))

    def _write(self, code: str, when: tuple[int, float], what: str) -> None:
        self.world.ledger.note(code, Act(*when, what, self.name))

    # What she does next

    def _react(self, message: Outbound, said: dict[str, dict[str, str]]) -> None:
        """Answer what a message asks."""
        taps = {word: option.tap for option in message.options for word in _PARTS.split(option.tap) if word in TAKEN}
        code = message.ticket or next((each["code"] for each in said.values() if each.get("code")), "")
        if taps.keys() == TAKEN.keys() and code:
            self._judge(code, taps)
        if any(option.tap.startswith("/score ") for option in message.options):
            self._give_score([option.tap for option in message.options if option.tap.startswith("/score ")])
        if "told-question" in said:
            self._answer_question(said["told-question"]["code"])
        if "silence-unanswered" in said and self.world.dice.random() < ANSWERS_LATE:
            self._contest(said["silence-unanswered"]["code"])

    def _judge(self, code: str, taps: dict[str, str]) -> None:
        """One in three never says."""
        (answer,) = self.world.dice.choices(ANSWERS, SHARES)
        if answer:
            self._act(taps[answer], partial(self._gave, code, answer))

    def _gave(self, code: str, answer: str, number: int, at: float) -> None:
        self._verdicts.append((code, answer, number, at))

    def _give_score(self, taps: list[str]) -> None:
        if self.world.dice.random() < SCORES:
            tap = self.world.dice.choice(taps)
            _, code, stars = tap.split()
            self.say(tapped=tap, sent=lambda number, at: self._scores.append((code, int(stars), number, at)))

    def _answer_question(self, code: str) -> None:
        if self.world.dice.random() < ANSWERS_QUESTION:
            words = "é em frente ao número 40, do lado da padaria"
            self._act("", partial(self._replied, code), words)

    def _contest(self, code: str) -> None:
        self._act("", partial(self._replied, code), f"/reply {code} ainda está do mesmo jeito")

    def _replied(self, code: str, number: int, at: float) -> None:
        self._reply = code, number, at

    def _act(self, tap: str, sent: object, text: str = "") -> None:
        """Do it some hours later, by day."""
        at = self.world.now + self.world.dice.expovariate(1 / (10 * HOUR))
        at = self.world.worktime.by_day(at, WAKES, SLEEPS)
        self.world.say(self, at, sent, text=text, tapped=tap)  # type: ignore[arg-type]

    def join(self, code: str) -> None:
        """Say that it happens to her too."""
        self.say(f"/join {code}", after=0.0, sent=lambda number, at: setattr(self, "_joining", (number, at)))

    def leave(self, code: str) -> None:
        """Say that she wants to hear no more."""
        self.say(f"/leave {code}", after=0.0, sent=lambda number, at: setattr(self, "_leaving", (number, at)))

    def withdraw(self, code: str) -> None:
        """Take her report back, in two words."""
        self.say(f"/withdraw {code}", after=0.0)
        self.say("sim", sent=partial(self._withdrew, code))

    def _withdrew(self, code: str, number: int, at: float) -> None:
        self._withdrawing = code, number, at
        self._said_beside(code, "yes", number, at)


class Reporter(Neighbour):
    """Somebody with one problem; `talk` tells how her report went, None before it begins."""

    def __init__(self, world: World, account: str, address: str, language: str, services: dict[str, str]) -> None:
        super().__init__(world, account, address, language)
        self.codes: list[str] = []
        self.outcomes: list[str] = []
        self._services = services
        self._citizen: Citizen | None = None
        self._unread: list[Outbound] = []
        self._category = ""
        self._last = (0, 0.0)

    def report(self, request: Request) -> None:
        """Begin."""
        self._citizen = Citizen(request, self.world.pack, self.language, self._services, self.world.now)
        self._speak(Answer(text=request.words), 0.0)

    def hear(self, messages: Sequence[Outbound]) -> None:
        if self._citizen is None:
            return super().hear(messages)
        self._unread += messages
        if self._says_something():
            self._read(self._citizen)
        return None

    def _says_something(self) -> bool:
        """False where the rest of an answer is still on its way."""
        talk = self._citizen.talk if self._citizen else None
        ended = any(each.ticket for each in self._unread) or bool(talk and any(offer.taken for offer in talk.offers))
        phoned = bool(talk and talk.asked and talk.asked[-1].startswith("emergency"))
        return ended or phoned or any(name_of(each) for each in self._unread)

    def _read(self, citizen: Citizen) -> None:
        heard, self._unread = self._unread, []
        for message in heard:
            self._look_at(message)
        answer = citizen.read(heard)
        if answer.says:
            self._speak(answer)
        if answer.ends or not answer.says:
            self.outcomes.append(citizen.talk.outcome)
            self._services.update({citizen.talk.code: citizen.talk.request.service} if citizen.talk.code else {})
            self._citizen = None
            self._finished()

    def _look_at(self, message: Outbound) -> None:
        """What a message says of the report itself."""
        if name_of(message) == "send":
            self._category = message.text.partition("\n📍")[0].rpartition("\n")[2]
        for key, values in self._phrases.every(message.text):
            if key in SENT:
                self._opened(key, values)
            else:
                self._note(key, values)

    def _opened(self, key: str, values: dict[str, str]) -> None:
        number, at = self._last
        code, body = values["code"], self.world.body_called(values["body"])
        category = self.world.category_called(self._category)
        held = key == "report-held"
        self.world.ledger.opened(Seen(code, self.name, body, category, at, number, held=held))
        self.codes.append(code)
        self.world.opened(self, code, held=held)

    def _speak(self, answer: Answer, after: float | None = None) -> None:
        joins = answer.tapped.partition(".")[2].startswith("twin.")
        self.say(
            answer.text, tapped=answer.tapped, place=answer.place, after=after, sent=partial(self._sent, joins=joins)
        )

    def _sent(self, number: int, at: float, *, joins: bool) -> None:
        self._last = number, at
        if joins:
            self._joining = number, at

    def _finished(self) -> None:
        """She has said it."""


class Flooder(Reporter):
    """Somebody who reports, and reports, and reports."""

    thinks = 0.0

    def __init__(
        self, world: World, account: str, address: str, language: str, services: dict[str, str], rest: list[Request]
    ) -> None:
        super().__init__(world, account, address, language, services)
        self._rest = rest

    def _finished(self) -> None:
        if self._rest and not self.refused:
            self.report(self._rest.pop())
