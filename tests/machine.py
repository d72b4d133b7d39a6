"""A small stage on which conversations are played without channels.

The database, the intake and the conversations are the real ones; the clock is turned by hand, codes and ids come from a
seed, and what the outbox holds for "local" and "errands" is handed back to the intake as the bot's own parts do it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import structlog
from sqlalchemy import Executable, event, func, select

from bot.conversation import Conversation
from bot.intake import Committed, Intake
from bot.messages import Inbound, Outbound, Place
from bot.room import Room
from bot.scene import NO_LIMITS, Ways, no_ways
from bot.switchboard import Table
from bot.workplace import Workplace
from handlers import TABLE
from routing.pack import Pack, read_pack
from storage import officials
from storage.codes import make_code
from storage.database import Database
from storage.phones import make_keyed_hash
from storage.schema import metadata
from storage.work import Work
from tests.handset import Phone
from tests.stagehand import SERVICES, Stagehand

ACCOUNT = "stage:1"
# A Saturday noon in Buenos Aires.
NOON = 1_795_273_200.0
HOUR, DAY = 3600.0, 86400.0
CONGRESS = Place(lat=-34.6098, lon=-58.3925, source="pin")
MONTEVIDEO = Place(lat=-34.9011, lon=-56.1645, source="pin")


@cache
def demo_pack() -> Pack:
    """Return the pack that a fresh clone runs with."""
    return read_pack(Path(__file__).parent.parent / "packs" / "buenos-aires")


@cache
def lonely_pack() -> Pack:
    """Return the same where nobody looks for the same problem nearby: for tests that report one thing many times."""
    records = demo_pack().records
    alone = [msgspec.structs.replace(each, nearby_m=0, outage=False) for each in records.categories]
    return Pack(msgspec.structs.replace(records, categories=tuple(alone)))


def only(conversation: Conversation, **others: Conversation) -> Table:
    """Return a table that begins with this conversation; `others` start by "/" and their command's name."""
    return Table(
        conversations={"opening": conversation, **others},
        commands={"unknown": "opening", **{name: name for name in others}},
        opening="opening",
        official="opening",
        reply="reply" if "reply" in others else "opening",
        status="opening",
        drafts=frozenset({"opening"}),
    )


class Lots:
    """Codes and ids from a seed: they go on where they were when the machine is stopped and started again."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)

    def code(self) -> str:
        return make_code(self._random.randrange)

    def id(self) -> str:
        return f"{next(self._numbers):024x}"


class Machine:
    """One process of the bot without channels: `async with Machine(url) as machine`, then `machine.phone("ana")`.

    An attachment's `ref` says what becomes of it: "good...", "bad..." (refused), "there..." (a photo that knows where
    it was taken), "never..." (the provider does not answer).
    """

    def __init__(
        self,
        url: str,
        *,
        table: Table = TABLE,
        pack: Pack | None = None,
        now: float = NOON,
        lots: Lots | None = None,
        language: str = "es",
        public_url: str = "https://baldosa.test",
        variant: Callable[[str], str] = lambda account: "",
        fits: Callable[[str, Outbound], int] = lambda account, message: len(message.options),
        sms: str = "",
        ways: Ways = no_ways,
        services: frozenset[str] = frozenset(),
        answers: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
    ) -> None:
        self.url = url
        # What look-ups find, by their "do"; what is in no table is not answered for now.
        self.answers = {**SERVICES, **(answers or {})}
        self.services = services | (answers or {}).keys()
        self.variant = variant
        self.fits = fits
        self.sms = sms
        self.ways = ways
        self.public_url = public_url
        self.now = now
        self.table = table
        self.pack = pack or demo_pack()
        self.lots = lots or Lots()
        self.language = language
        # Seconds for which an account takes free words after somebody wrote; 0 is always.
        self.window = 0.0
        self.limits = NO_LIMITS
        self.batches: list[int] = []
        # What was said to taps in passing, each with the address on the channel.
        self.passing: list[tuple[str, Outbound]] = []
        self.woken: set[str] = set()
        self._keys = itertools.count(1)

    async def __aenter__(self) -> Machine:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def start(self) -> None:
        """Open the database and take messages; everything in memory is new."""
        if not structlog.is_configured():
            structlog.configure(processors=[_say_nothing])
        self.database = Database(self.url)
        if self.database.is_sqlite:
            # Power cuts are other tests' business.
            event.listen(self.database.engine.sync_engine, "connect", _spare_the_disk)
        room = Room(
            database=self.database,
            table=self.table,
            pack=lambda: self.pack,
            new_code=self.lots.code,
            new_id=self.lots.id,
            wake=self.woken.update,
            variant=self.variant,
            fits=self.fits,
            window=lambda account: self.window,
            sms=self.sms,
            ways=self.ways,
            services=self.services,
            keyed_hash=make_keyed_hash("a secret that only the tests know"),
            public_url=self.public_url,
            language=self.language,
            clock=lambda: self.now,
            limits=self.limits,
        )
        self.intake = Intake(room, observe=self._observe)
        self.stagehand = Stagehand(self, CONGRESS)
        self._running = asyncio.create_task(self.intake.run())

    def _observe(self, committed: Committed, waited: list[float]) -> None:
        self.batches.append(len(waited))
        keyed = [(each.address, committed.answers.get((each.account, each.key))) for each in committed.taken]
        self.passing += [(address, out) for address, out in keyed if out is not None]

    async def stop(self) -> None:
        """Finish what waits and close."""
        self.intake.stop()
        await self._running
        await self.database.close()

    async def die(self) -> None:
        """Stop at once, whatever is under way; nothing is finished."""
        self._running.cancel()
        await asyncio.wait([self._running])
        await self.database.close()

    async def restart(self) -> None:
        """Stop, and start with nothing but the database."""
        await self.stop()
        self.start()

    def phone(self, who: str, *, account: str = ACCOUNT, language: str = "") -> Phone:
        """Return the phone of somebody; `who` is the address on the channel."""
        return Phone(self, who, account, language)

    def key(self) -> str:
        """Return a provider's key that nothing else has."""
        return f"k{next(self._keys)}"

    async def take(self, *messages: Inbound) -> None:
        """Hand messages to the intake at once: they are taken together."""
        await asyncio.gather(*map(self.intake.take, messages))

    async def settle(self) -> None:
        """Do everything that the outbox holds for the bot itself and that is due, and what follows from it."""
        while row := await self.stagehand.next_due(self.now):
            await self.stagehand.perform(row)

    async def wait(self, seconds: float) -> None:
        """Let time pass; what falls due on the way is done at its hour."""
        end = self.now + seconds
        while row := await self.stagehand.next_due(end):
            self.now = max(self.now, row.due_at)
            await self.stagehand.perform(row)
        self.now = end

    async def rows(self, statement: Executable) -> Sequence[Any]:
        """Return what a select finds."""
        async with self.database.read() as connection:
            return (await connection.execute(statement)).all()

    async def one(self, statement: Executable) -> Any:
        """Return the one value that a select finds."""
        async with self.database.read() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def count(self, table: Any, *conditions: Any) -> int:
        """Return how many rows of a table meet the conditions."""
        return int(await self.one(select(func.count()).select_from(table).where(*conditions)))

    def statements(self) -> list[str]:
        """Return a list to which every SQL statement is added from now on."""
        said: list[str] = []
        event.listen(
            self.database.engine.sync_engine, "before_cursor_execute", lambda c, cursor, sql, *rest: said.append(sql)
        )
        return said

    async def work(self, do: Callable[[Work], Any]) -> Any:
        """Do something inside a transaction, as a conversation would."""
        async with self.database.write() as connection:
            work = Work(connection, self.now, self.lots.code, self.lots.id)
            made = do(work)
            result = await made if asyncio.iscoroutine(made) else made
            await work.flush()
            return result

    def workplace(self, owner: str = "here") -> Workplace:
        """Return what a chore of this process works with."""
        lots = self.lots
        return Workplace(
            self.database,
            lambda: self.pack,
            lambda connection: Work(connection, self.now, lots.code, lots.id),
            owner,
            self.woken.update,
        )

    async def appoint(self, phone: Phone, *bodies: str, name: str = "") -> None:
        """Make somebody an official, by an invitation as the command line makes them."""
        code = f"BCDF-2345-{next(self._keys):04d}"
        await self.work(lambda work: officials.add_invite(work, code, bodies, "agent", name))
        await phone.says(f"/start invite-{code}")

    async def dump(self, *but: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return the whole database, table by table in a fixed order, without the columns called `but`."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        async with self.database.read() as connection:
            for table in metadata.sorted_tables:
                columns = [column for column in table.c if column.name not in but]
                rows = await connection.execute(select(*columns).order_by(*columns))
                found[table.name] = [tuple(row) for row in rows]
        return found


def _spare_the_disk(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def _say_nothing(*_: object) -> Any:
    # What conversations raise here is raised on purpose, and to draw a trace with all its values takes a second.
    raise structlog.DropEvent


def texts(said: Iterable[Outbound]) -> list[str]:
    """Return the words of what was said."""
    return [out.text for out in said]
