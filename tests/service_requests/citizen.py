"""A citizen with one problem, who reads what the bot says and answers with what it offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.messages import Option, Outbound, Place
from routing.pack import Pack
from tests.service_requests.globe import metres

Outcome = Literal["ticket", "joined", "outside", "not served", "phoned", "lost"]

MOST_TURNS = 14
# Who sees a point no farther off than this on the map takes it for hers.
LOOKS_RIGHT_M = 300.0
CANCEL = "cancelar"


class Request(NamedTuple):
    """What somebody asked for: `words` said first, `told` where (a pin, or typed), `at` and `closed_at` Unix seconds.

    `service` is what makes two requests the very same; `category` is the leaf that she looks for; `lat`, `lon` are
    where it really is, `area` the id of the area there and `area_name` what she calls it. Who `only_phones` does not
    report what she was told to phone for. `how` names the way in which she tells the place.
    """

    at: float
    words: str
    service: str
    category: str
    told: str | Place
    lat: float
    lon: float
    area: str
    area_name: str
    how: str
    only_phones: bool = False
    closed_at: float | None = None


class Offer(NamedTuple):
    """The tickets that she was shown as perhaps the same, nearest first, and the one she took ("": none)."""

    codes: tuple[str, ...]
    taken: str


@dataclass
class Talk:
    """How one report went at `at`: what was asked, in order, and what came of it; `code` is that of the ticket opened.

    Talks of one `wave` were held at the same time.
    """

    request: Request
    at: float
    wave: int = 0
    asked: list[str] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    outcome: Outcome = "lost"
    code: str = ""
    corrected: bool = False
    last_words: str = ""

    @property
    def how(self) -> str:
        """How the place was told: whose story names one is not asked for the other place from which she writes."""
        named = self.request.how == "elsewhere" and not {"place", "pin"} & set(self.asked)
        return "named in the story" if named else self.request.how


class Answer(NamedTuple):
    """What she does next: type, tap, or send a pin; `ends` when she needs no more."""

    text: str = ""
    tapped: str = ""
    place: Place | None = None
    ends: bool = False

    @property
    def says(self) -> bool:
        """True when there is anything to send."""
        return bool(self.text or self.tapped or self.place)


class Citizen:
    """Answers question by question. `services` tells of each ticket's code which service it is about."""

    def __init__(self, request: Request, pack: Pack, language: str, services: dict[str, str], now: float) -> None:
        self.talk = Talk(request, now)
        self._request = request
        self._pack = pack
        self._language = language
        self._services = services
        self._corrects = False

    def read(self, heard: Sequence[Outbound]) -> Answer:
        """Her answer to what she was told since her last one."""
        talk = self.talk
        for message in heard:
            talk.last_words = message.text
        question = next((each for each in reversed(heard) if name_of(each)), None)
        if question is None:
            self._conclude(heard)
            return Answer(ends=True)
        name = name_of(question)
        if self._gives_up(name):
            return Answer(text=CANCEL, ends=True)
        talk.asked.append(name)
        if len(talk.asked) > MOST_TURNS:
            return Answer(text=CANCEL, ends=True)
        return self._answer(name, question)

    def _conclude(self, heard: Sequence[Outbound]) -> None:
        talk = self.talk
        code = next((each.ticket for each in reversed(heard) if each.ticket), "")
        if any(offer.taken for offer in talk.offers):
            talk.outcome = "joined"
        elif code:
            talk.outcome, talk.code = "ticket", code
        elif talk.asked and talk.asked[-1].startswith("emergency"):
            talk.outcome = "phoned"

    def _gives_up(self, name: str) -> bool:
        """True when she is asked a second time what she has told: she was turned away, and hers is nothing else."""
        asked = self.talk.asked
        if name == "place" and "place" in asked:
            self.talk.outcome = "outside"
        elif (
            name in ("category", "rest") and asked and asked[-1] != "send" and ("category" in asked or "place" in asked)
        ):
            self.talk.outcome = "not served"
        else:
            return False
        return True

    def _answer(self, name: str, question: Outbound) -> Answer:
        offered = {value_of(option): option for option in question.options if option.tap.startswith("q")}
        if name in ("category", "subcategory", "rest"):
            return self._names_the_category(offered)
        if name in ("place", "pin"):
            return self._shows_the_place(name)
        if name in ("border", "area"):
            known = offered.get(self._request.area)
            return Answer(tapped=known.tap) if known else Answer(text=self._request.area_name)
        if name.startswith("emergency"):
            return Answer(tapped=offered["enough" if self._request.only_phones else "report"].tap)
        if name == "twin":
            return self._compares(offered)
        if name == "candidate":
            return self._looks_at_the_map(offered)
        if name == "send":
            return self._reads_it_over(question, offered)
        return Answer(tapped=list(offered.values())[-1].tap) if offered else Answer(text=self._request.words)

    def _names_the_category(self, offered: dict[str, Option]) -> Answer:
        leaf = self._pack.category(self._request.category)
        assert leaf, self._request.category
        wanted = (leaf.id, leaf.parent, f"{leaf.parent}-otro", "otro")
        value = next((each for each in wanted if each in offered), list(offered)[-1])
        return Answer(tapped=offered[value].tap)

    def _shows_the_place(self, name: str) -> Answer:
        told = self._request.told
        if isinstance(told, Place):
            return Answer(place=told)
        # Who is asked for a pin after her words sends one.
        return Answer(text=told) if name == "place" else Answer(place=self._pin())

    def _pin(self) -> Place:
        return Place(lat=self._request.lat, lon=self._request.lon, source="pin")

    def _compares(self, offered: dict[str, Option]) -> Answer:
        """Hers is the same only when it is the very same service."""
        codes = tuple(value for value in offered if not value.startswith("other"))
        taken = next((code for code in codes if self._services.get(code) == self._request.service), "")
        self.talk.offers.append(Offer(codes, taken))
        return Answer(tapped=offered[taken or list(offered)[-1]].tap)

    def _looks_at_the_map(self, offered: dict[str, Option]) -> Answer:
        def away(value: str) -> float:
            lat, lon = map(float, value.split(","))
            return metres(lat, lon, self._request.lat, self._request.lon)

        points = [value for value in offered if "," in value]
        best = min(points, key=away)
        return Answer(tapped=offered[best if away(best) <= LOOKS_RIGHT_M else list(offered)[-1]].tap)

    def _reads_it_over(self, question: Outbound, offered: dict[str, Option]) -> Answer:
        """Send it, unless it is shown as another kind of problem than hers; that is mended once."""
        if self._corrects or self._is_meant(question.text):
            return Answer(tapped=offered["send"].tap)
        self._corrects = self.talk.corrected = True
        return Answer(tapped=offered["category"].tap)

    def _is_meant(self, shown: str) -> bool:
        """True when the preview names her kind of problem, or one of its group, which is near enough."""
        line = shown.partition("\n📍")[0].rpartition("\n")[2]
        leaf = self._pack.category(self._request.category)
        assert leaf, self._request.category
        fitting = (leaf, *(self._pack.leaves(leaf.parent) if leaf.parent else self._pack.groups()))
        return any(each.name(self._language) in line for each in fitting)


def name_of(message: Outbound) -> str:
    """What a message asks for, "" when it asks for nothing: by its buttons, else by the answer that it wants."""
    for option in message.options:
        if option.tap.startswith("q"):
            return option.tap.split(".", 2)[1]
    return "details" if message.wants == "words" else message.wants


def value_of(option: Option) -> str:
    """What a button answers."""
    return option.tap.split(".", 2)[2]
