"""One city that is played: in a loop and a database of its own, from its beginning to the end of time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.city_checks import FOR_EVER, check_everything
from tests.city_people import CITIZENS, OFFICIALS
from tests.city_stage import City, fresh_lots
from tests.city_town import Town

any_ticket = st.integers(0, 5)
anybody = st.integers(0, 40)


class Play(RuleBasedStateMachine):
    """A city of its own in a database of its own; `tally` counts what was done in all of them."""

    new_database: Callable[[], str]
    tally: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.city = City(type(self).new_database())
        self.city.lots = fresh_lots(7)
        self.town = Town(self.city)
        # False after a step that failed: then there is nothing more to be seen.
        self.sound = True
        try:
            self.runner.run(self._open())
        except BaseException:
            self.runner.close()
            raise
        self.tally["cities"] += 1

    async def _open(self) -> None:
        self.city.start()
        await self.town.meet()

    def play(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do something a little later, and see what came of it."""

        async def step() -> None:
            try:
                await self.city.wait(2.0)
                await doing
            finally:
                doing.close()
            await self.town.take_stock()

        self.tally["steps"] += 1
        self.sound = False
        self.runner.run(step())
        self.sound = True

    async def say(self, who: str, text: str, **more: Any) -> None:
        """Have somebody write something, and let everything follow from it."""
        await self.city.hear(who, text=text, **more)

    async def tap(self, who: str, command: str) -> None:
        """Have somebody tap a button, of whatever age."""
        await self.city.hear(who, tapped=command)

    async def _try(self, who: str, line: str) -> None:
        """Have somebody try what may not be hers to do, and let it be."""
        await self.say(who, line)
        await self.tap(who, "/cancel")

    async def choose(self, who: str, value: str, *, only: bool = False) -> None:
        """Have somebody tap what was offered to her last, or write it where it was not, unless `only` a tap will do."""
        last = next((each for each in reversed(self.city.heard) if each.who == who), None)
        offered = [option.tap for option in last.out.options] if last else []
        tap = next((each for each in offered if each.rpartition(".")[2] == value), "")
        if tap or not only:
            await (self.tap(who, tap) if tap else self.say(who, value))

    def official(self, code: str, number: int) -> str:
        """Somebody of the body that has a ticket, four times as often as somebody else."""
        own = self.town.team(self.town.states[code].body)
        others = [name for name in OFFICIALS if name not in own]
        pool = [*own, *own, *own, *own, *others]
        return pool[number % len(pool)]

    def has_tickets(self) -> bool:
        return bool(self.town.codes)

    def follower(self, code: str, by: int) -> str:
        """Somebody who follows a ticket, mostly who reported it."""
        followers = sorted(self.town.followers.of(code))
        pool = [self.town.followers.reporter[code]] * 3 + followers * 2 + sorted(CITIZENS)
        return pool[by % len(pool)]

    def teardown(self) -> None:
        """Let everything come to its end, and see that it is a good one."""
        try:
            if self.sound:
                self.runner.run(self._end())
        finally:
            self.runner.run(self.city.stop())
            self.runner.close()

    async def _end(self) -> None:
        await self.city.rest(FOR_EVER)
        await self.town.take_stock()
        await check_everything(self.town)
        self.tally.update(await self.town.check_audit())
