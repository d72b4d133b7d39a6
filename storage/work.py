"""One transaction's work: what handlers add is gathered and written in one insert a table, however large the batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Executable, Insert, Row, Table, Update, insert

from storage import cards, schema
from storage.quiet import Calm, Waiting, keep_back

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.messages import Outbound
    from storage.people import Session

# Parents before children, for the foreign keys.
ORDER: tuple[Table, ...] = (
    schema.media,
    schema.ticket,
    schema.ticket_body,
    schema.ticket_media,
    schema.update,
    schema.supporter,
    schema.verdict,
    schema.card,
    schema.official,
    schema.invite,
    schema.second_proof,
    schema.block,
    schema.flood,
    schema.delivery,
    schema.outbox,
)
# Built once: to build one costs as much as to run it.
INSERT = {table: insert(table) for table in ORDER}
# What is kept of one table is read together with these.
READ_WITH: dict[Table, tuple[Table, ...]] = {
    schema.ticket: (schema.supporter,),
    schema.update: (schema.ticket_media, schema.media),
    schema.official: (schema.address,),
}

# Seconds. A sender looks ahead at least as often as it renews its lease: nobody need tell it of what is due later.
SOON = 60.0
# Seconds: so little that nobody is late for it, and more than a float of Unix seconds loses.
MOMENT = 1e-6


class Work:
    """A transaction under way. `add` costs nothing until `flush`, which ends it; a read writes what was added first.

    `new_code` makes a fresh random ticket number, `new_id` a fresh random id: the only chance that handlers get.
    `opened` are the categories of the tickets opened in it, to be counted after the commit, `notes` what the operator
    reads of in the log then, `chosen` the words of confirmed categories (see `storage.choices`), `moved` the
    tickets that something happened to, with the number of the step, `renewed` those that look otherwise without one,
    `told_cards` which of it was told, `tapped` the cards (address, ticket) that are to change at once (see
    `storage.cards`). `answers` is what is said in passing to who sent a message, by its key. `people_changed` tells
    the next message of the same transaction to look again at who writes; `cause` names the message that is being
    handled, for the effect keys of what follows from it. `sessions` are the batch's, by
    account and address: see `storage.people.open_session`. `windows` are those that its messages open: see
    `storage.windows`. `opened_at` tells when people opened tickets lately, `flooded_at` the same by where they came
    from: see `storage.flood`. `calm` knows when nobody is told what can wait, None where it is never quiet. `locked`
    are the tickets that nobody else changes before the transaction ends.
    """

    def __init__(
        self, connection: AsyncConnection, now: float, new_code: Callable[[], str], new_id: Callable[[], str]
    ) -> None:
        self.connection = connection
        self.now = now
        self.new_code = new_code
        self.new_id = new_id
        self.accounts: set[str] = set()
        self.opened: list[str] = []
        self.notes: list[tuple[str, dict[str, str]]] = []
        self.chosen: Counter[tuple[str, str, str]] = Counter()
        self.moved: dict[str, int] = {}
        self.renewed: dict[str, str] = {}
        self.told_cards: set[tuple[int, str, str]] = set()
        self.tapped: set[tuple[int, str]] = set()
        self.answers: dict[tuple[str, str], Outbound] = {}
        self.people_changed = False
        self.cause = ""
        self._began = now
        self._steps: dict[tuple[str, int | None], tuple[str, float]] = {}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.windows: dict[int, float] = {}
        self.opened_at: dict[int, list[float]] = {}
        self.flooded_at: dict[str, list[float]] = {}
        self.calm: Calm | None = None
        self.locked: set[str] = set()
        self._waiting: list[Waiting] = []
        self._added: dict[Table, list[dict[str, Any]]] = {}
        self._kept: dict[Table, dict[str, Sequence[Row[Any]]]] = {}

    def begin(self, cause: str) -> None:
        """Handle the next message."""
        self.cause, self.now = cause, self._began

    def set_apart(self, code: str, person_id: int | None) -> None:
        """Let an official's step on a ticket be later than her last one by another message of the same transaction.

        What was written in one moment is taken back as one step: see `storage.taken_back`.
        """
        cause, at = self._steps.get((code, person_id), (self.cause, self.now))
        if cause != self.cause:
            self.now = max(self.now, at + MOMENT)
        self._steps[code, person_id] = self.cause, self.now

    def new_digits(self, count: int) -> str:
        """So many random digits, each number as likely as every other: an id is drawn from far more than there are."""
        drawn = int.from_bytes(hashlib.sha256(self.new_id().encode()).digest())
        return f"{drawn % 10**count:0{count}d}"

    def note(self, event: str, **ids: str) -> None:
        """Have the operator read of something in the log, once it is committed; ids only, never what people say."""
        self.notes.append((event, ids))

    def post(
        self,
        *,
        account: str,
        lane: str,
        kind: str,
        payload: object,
        effect_key: str,
        seq: int = 0,
        address_id: int | None = None,
        ticket: str = "",
        due_at: float | None = None,
        bulk: bool = False,
        important: bool = False,
        expires_at: float | None = None,
        waits: str | None = None,
    ) -> None:
        """Put something into the outbox, to be done after the commit, once for each `effect_key`.

        The key is unique: a second row under it fails the whole transaction, so who may post twice looks first.
        What nobody waits for names its ticket under `waits` ("" for none), and is done when it is not quiet.
        """
        due_at = self.now if due_at is None else due_at
        if due_at < self.now + SOON:
            self.accounts.add(account)
        row = self.add(
            schema.outbox,
            account=account,
            lane=lane,
            seq=seq,
            kind=kind,
            effect_key=effect_key,
            address_id=address_id,
            ticket=ticket,
            bulk=bulk,
            important=important,
            payload=msgspec.json.encode(payload).decode(),
            due_at=due_at,
            expires_at=expires_at,
            created_at=self.now,
        )
        if waits is not None:
            self._waiting.append(Waiting(row, waits))

    def add(self, table: Table, **values: Any) -> dict[str, Any]:
        """Insert a row with the next flush. Rows of one table all name the same columns."""
        self._added.setdefault(table, []).append(values)
        if self._kept:
            self._forget(table)
        return values

    async def flush(self) -> None:
        """Write all that was added, at the end: the cards of what moved are told of the last step, and of no other."""
        await self._refresh_cards()
        await self._write()

    async def _refresh_cards(self) -> None:
        if self.moved or self.renewed:
            moved, self.moved = self.moved, {}
            renewed, self.renewed = self.renewed, {}
            await cards.refresh(self, moved, renewed)

    async def _write(self) -> None:
        """Write what was added, a statement a table: whatever is read next sees it."""
        if not self._added:
            return
        # Who tapped a card sees it change before anybody hears of what she did.
        if any(code in self.moved for _, code in self.tapped):
            await self._refresh_cards()
        added, self._added = self._added, {}
        for table in ORDER:
            # Behind the tickets that notices speak of, and officials who hear of them.
            if table is schema.outbox and self.calm and self._waiting:
                waiting, self._waiting = self._waiting, []
                await keep_back(self, self.calm, waiting)
            if rows := added.get(table):
                insertion = INSERT[table]
                if table is schema.card:
                    insertion = cards.INSERT[self.connection.dialect.name]
                await self.connection.execute(insertion, rows)

    async def rows(self, statement: Executable, values: dict[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Every row of a select; `values` are its own parameters.

        A statement that is built once and given these costs a third of one that is built for each call.
        """
        await self._write()
        self._forget_if_changed(statement)
        return (await self.connection.execute(statement, values)).all()

    async def kept_rows(
        self, table: Table, key: str, make: Callable[[], Executable], values: dict[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """Every row of a select from one table, read once under `key` for the whole batch while nothing changes it.

        `values` are the select's own parameters. Many are told of one thing in one batch; each looks it up again.
        """
        kept = self._kept.setdefault(table, {})
        if key not in kept:
            if not self._added.keys().isdisjoint((table, *READ_WITH.get(table, ()))):
                await self._write()
            kept[key] = (await self.connection.execute(make(), values)).all()
        return kept[key]

    def look_again(self, *tables: Table) -> None:
        """Read these anew: what was kept of them was not locked, and may be over."""
        for table in tables:
            self._kept.pop(table, None)

    def _forget_if_changed(self, statement: Executable) -> None:
        if self._kept and statement.is_dml:
            self._forget_what_changes(statement)

    def _forget_what_changes(self, statement: Executable) -> None:
        """Read anew what a statement changes; one that deletes may take more with it than its own table's rows."""
        if isinstance(statement, Insert | Update) and isinstance(statement.table, Table):
            return self._forget(statement.table)
        return self._kept.clear()

    def _forget(self, table: Table) -> None:
        for kept in [each for each in self._kept if each is table or table in READ_WITH.get(each, ())]:
            del self._kept[kept]

    async def first(self, statement: Executable, values: dict[str, Any] | None = None) -> Row[Any] | None:
        """The first row of a select, None when there is none; `values` are its own parameters."""
        await self._write()
        self._forget_if_changed(statement)
        return (await self.connection.execute(statement, values)).first()

    async def execute(self, statement: Executable, values: dict[str, Any] | list[dict[str, Any]] | None = None) -> int:
        """Change something with these values, or once with each of these; the number of rows it changed."""
        await self._write()
        self._forget_what_changes(statement)
        result = await self.connection.execute(statement, values or None)
        return int(getattr(result, "rowcount", 0))
