"""The month itself: everybody acts at her moment, and the clock jumps from one moment to the next."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.month.citizens import Flooder, Neighbour, Reporter
from benchmarks.month.city import LANGUAGE, STAFF, City, Staff
from benchmarks.month.ledger import Ledger
from benchmarks.month.machine import Machine
from benchmarks.month.messenger import Messenger
from benchmarks.month.offices import Office, Official, Room
from benchmarks.month.people import Person
from benchmarks.month.worktime import DAY, HOUR, Worktime
from bot.messages import Inbound

if TYPE_CHECKING:
    from bot.messages import Outbound
    from tests.service_requests.citizen import Request

TELEGRAM, WHATSAPP = "telegram:1", "whatsapp:+5511400000000"
# Of a hundred reports: those with neighbours who join, how many of these leave again, those that are taken back.
JOINED, MOST_NEIGHBOURS, LEAVES, TAKEN_BACK = 0.12, 3, 0.08, 0.02
# One in so many citizens shuts the door after a while.
BLOCKS = 0.01
# Vandals, one for so many reports, and how much one of them sends.
FLOODERS, FLOOD, PRANKS = 500, 25, 50
NONSENSE = ("teste", "testando 123", "asdfasdf", "seus idiotas", "kkkkkkkk")
# Everybody looks at her phone, and the clock looks around, every so many seconds.
TICK = 300.0
# After the month's last midnight until what was held back for the night has arrived; nobody does anything then.
REST = 10 * HOUR
OUTAGES = ((5.4, 0.6), (13.45, 1.5), (22.6, 0.3))


class Simulation:
    """A month of `city` over the migrated database at `url`: `await play()`, then look at `ledger` and `machine`."""

    def __init__(self, city: City, url: str, seed: int, *, faulty: bool = True) -> None:
        self.city = city
        self.pack = city.pack
        self.dice = random.Random(seed)
        self.ledger = Ledger()
        self.worktime = Worktime(city.pack.records)
        self.offices: dict[str, Office] = {}
        self.people: dict[tuple[str, str], Person] = {}
        self.reporters: list[Reporter] = []
        self.messengers = [
            Messenger(account, seed, lambda: self.now, self._heard, faulty=faulty) for account in (TELEGRAM, WHATSAPP)
        ]
        self.machine = Machine(url, city.pack, LANGUAGE, city.begins, seed, self.messengers)
        self.pranks: set[str] = set()
        self._services: dict[str, str] = {}
        self._unread: dict[Person, list[Outbound]] = {}
        self._ahead: list[tuple[float, int, Callable[[], Inbound | None]]] = []
        self._numbers = itertools.count(1)
        self._order = itertools.count(1)
        self._invitations = itertools.count(1)
        self._bodies = {each.name(language): each.id for each in city.pack.records.bodies for language in ("pt", "es")}
        self._categories = {f"{each.icon} {each.name(LANGUAGE)}": each.id for each in city.pack.records.categories}

    @property
    def now(self) -> float:
        """The moment."""
        return self.machine.now

    # What people find around them

    def say(self, who: Person, at: float, sent: Callable[[int, float], None] | None = None, **message: Any) -> None:
        """Have somebody send something at a moment."""

        def send() -> Inbound:
            number = next(self._numbers)
            if sent:
                sent(number, self.now)
            # Whoever writes has opened the door again.
            self._messenger(who.account).blocked.discard(who.address)
            return Inbound(
                account=who.account,
                key=f"k{number}",
                message=f"i{number}",
                address=who.address,
                sender=who.address.rpartition("/")[2],
                language=who.language,
                at=self.now,
                **message,
            )

        heapq.heappush(self._ahead, (max(at, self.now), next(self._order), send))

    def call(self, at: float, do: Callable[[], None]) -> None:
        """Have something done at a moment."""
        heapq.heappush(self._ahead, (max(at, self.now), next(self._order), do))

    def body_called(self, name: str) -> str:
        """The id of a body that somebody named."""
        return self._bodies[name]

    def category_called(self, name: str) -> str:
        """The id of a category, by its icon and name."""
        return self._categories[name]

    def opened(self, who: Reporter, code: str, *, held: bool) -> None:
        """A report was taken: who joins it, takes it back, or wants to hear no more, does so some time later."""
        dice = self.dice
        if held:
            self.pranks.add(code)
            return
        if dice.random() < JOINED:
            for _ in range(dice.randint(1, MOST_NEIGHBOURS)):
                self.call(self._later(3 * DAY), partial(self._join, self._neighbour(), code))
        if dice.random() < TAKEN_BACK:
            self.call(self._later(4 * DAY), partial(who.withdraw, code))
        elif dice.random() < BLOCKS:
            self.call(self.now + DAY, lambda: self._messenger(who.account).blocked.add(who.address))

    def _join(self, who: Neighbour, code: str) -> None:
        who.join(code)
        if self.dice.random() < LEAVES:
            self.call(self._later(5 * DAY), partial(who.leave, code))

    def _later(self, mean: float) -> float:
        return self.worktime.by_day(self.now + self.dice.expovariate(1 / mean), 8, 22)

    # Who there is

    def _person_at(self, make: Callable[[str, str], Person]) -> Any:
        account = TELEGRAM if self.dice.random() < 0.6 else WHATSAPP
        person = make(account, str(1000 + len(self.people)))
        self.people[account, person.address] = person
        return person

    def _neighbour(self) -> Neighbour:
        made: Neighbour = self._person_at(lambda account, address: Neighbour(self, account, address, LANGUAGE))
        return made

    def _reporter(self, rest: list[Request] | None = None) -> Reporter:
        def make(account: str, address: str) -> Reporter:
            if rest is None:
                return Reporter(self, account, address, LANGUAGE, self._services)
            return Flooder(self, account, address, LANGUAGE, self._services, rest)

        made: Reporter = self._person_at(make)
        self.reporters.append(made)
        return made

    def _messenger(self, account: str) -> Messenger:
        return next(each for each in self.messengers if each.account == account)

    def _plan(self) -> None:
        """Who reports what when, vandals among them."""
        requests = self.city.requests
        for request in requests:
            self.call(request.at, partial(self._report, request))
        for _ in range(max(1, len(requests) // PRANKS)):
            model = self.dice.choice(requests)
            prank = model._replace(words=self.dice.choice(NONSENSE), service="nothing", only_phones=True)
            self.call(model.at, partial(self._report, prank))
        for _ in range(max(1, len(requests) // FLOODERS)):
            some = self.dice.sample(requests, min(FLOOD, len(requests)))
            flood = [each._replace(service=f"flood {n}") for n, each in enumerate(some)]
            first = flood.pop()
            self.call(first.at, lambda first=first, flood=flood: self._reporter(flood).report(first))  # type: ignore[misc]
        for messenger in self.messengers:
            messenger.away += [(self.city.begins + n * DAY, self.city.begins + n * DAY + h * HOUR) for n, h in OUTAGES]

    def _report(self, request: Request) -> None:
        self._reporter().report(request)

    async def _appoint(self) -> None:
        """Everybody who works here takes an invitation."""
        for body, staff in STAFF.items():
            office = self.offices[body] = Office(self, body, staff.style)
            if staff.group:
                await self._gather(office, staff)
            else:
                for role in ["agent"] * staff.agents + ["dispatcher"] * staff.dispatchers:
                    await self._invite(self._hire(office, role), role)
            for _ in range(staff.managers):
                await self._invite(self._hire(office, "manager"), "manager")
        await self._act(self.now)
        await self.machine.confirm_managers()

    async def _gather(self, office: Office, staff: Staff) -> None:
        """A team that works in a group; what the group may, all of it may there."""
        room = Room(office, TELEGRAM, f"-100{len(self.offices)}")
        self.people[room.account, room.address] = room
        team = [self._hire(office, "dispatcher", room) for _ in range(staff.agents + staff.dispatchers)]
        await self._invite(team[0], "dispatcher")

    def _hire(self, office: Office, role: str, room: Room | None = None) -> Official:
        number = len(office.team)
        if room:
            one = Official(office, TELEGRAM, f"{room.address}/{number}", role)
        else:
            one = Official(office, WHATSAPP if number % 2 else TELEGRAM, f"{office.body}-{number}", role)
        self.people[one.account, one.address] = one
        office.team.append(one)
        return one

    async def _invite(self, one: Official, role: str) -> None:
        code = f"BCDF-2345-{next(self._invitations):04d}"
        await self.machine.invite(code, one.office.body, role)
        self.say(one, self.now, text=f"/start invite-{code}")

    # What happens

    async def play(self) -> None:
        """The whole month, and the morning after, when nobody does anything any more."""
        async with self.machine:
            await self._appoint()
            self._plan()
            await self._live(self.city.ends)
            self._ahead.clear()
            await self._live(self.city.ends + REST, over=True)

    async def _live(self, until: float, *, over: bool = False) -> None:
        while True:
            outbox, watched = await self._act(self.now)
            if over:
                self._ahead.clear()
            following = self._ahead[0][0] if self._ahead else until
            morning = self.worktime.next_morning(self.now)
            coming = min(following, outbox, watched, morning)
            if coming >= until:
                break
            self.machine.now = math.ceil(coming / TICK) * TICK
            if self.now == morning:
                await self.machine.look()
        self.machine.now = until

    async def _act(self, now: float) -> tuple[float, float]:
        """Everything that is to be done now, and what people make of what they hear."""
        while True:
            messages = []
            while self._ahead and self._ahead[0][0] <= now:
                message = heapq.heappop(self._ahead)[2]()
                messages += [message] if message else []
            if messages:
                await self.machine.take(messages)
            due = await self.machine.settle()
            unread, self._unread = self._unread, {}
            # In one order, whichever message was the quicker.
            for person in sorted(unread, key=lambda each: each.name):
                person.hear(unread[person])
            if not (self._ahead and self._ahead[0][0] <= now):
                return due

    def _heard(self, account: str, address: str, message: Outbound) -> None:
        person = self.people.get((account, address))
        if person is not None:
            self._unread.setdefault(person, []).append(message)

    # What there was to see

    @property
    def tally(self) -> dict[str, int]:
        """How much of everything there was."""
        told: Counter[str] = sum((office.told for office in self.offices.values()), Counter())
        neighbours = [each for each in self.people.values() if isinstance(each, Neighbour)]
        climbed = {code for each in neighbours for code in each.climbed}
        steps = Counter(each.split()[0] for each in climbed)
        met: Counter[str] = sum((each.met for each in self.messengers), Counter())
        return {
            "messages in": self.machine.taken,
            "messages out": sum(each.sent for each in self.messengers),
            "people told": sum(bool(each.told) for each in neighbours),
            "tickets": len(self.ledger.seen),
            "tickets whose silence was told": len({each.split()[1] for each in climbed}),
            **{f"  {step}": number for step, number in sorted(steps.items())},
            "digests": told["digest"],
            "weekly figures": told["numbers"],
            "commands taken": told["taken"],
            "commands refused": told["refused"],
            "vandals' reports held": len(self.pranks),
            "floods stopped": sum(bool(each.refused) for each in neighbours),
            "faults met": sum(met.values()),
            **{f"  {kind}": number for kind, number in sorted(met.items())},
        }
