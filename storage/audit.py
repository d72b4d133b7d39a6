"""Who did what to which ticket, when and from where: the history as it was appended, for who must account for it.

Officials appear with their names; of citizens nothing but an id that says nothing by itself. No words: those are the
ticket's, and may tell of anybody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import func, select

from storage.schema import address, official, update

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection


AT_ONCE = 500


class Entry(Struct, frozen=True):
    """One line of the audit; `person` and `address` are ids (None: forgotten, or nobody), `channel` the kind of it.

    `name` is an official's, "" for one who acts no more or has none; `action` is what no status tells. `whom` is whose
    the ticket is by it (a person's id), `about` what of it was meant: an entry's step ("1" for the report itself), a
    file's id, "photos" for all that were to be seen.
    """

    at: float
    ticket: str
    seq: int
    actor: str
    person: int | None
    name: str
    body: str
    address: int | None
    channel: str
    status: str
    action: str
    public: bool
    whom: int | None = None
    about: str = ""


async def entries(
    connection: AsyncConnection, *, ticket: str = "", since: float = 0.0, person: int | None = None
) -> AsyncIterator[Entry]:
    """The audit, oldest first: of one ticket, since a time (Unix), or of one official by her person's id."""
    where = [update.c.at >= since]
    where += [update.c.ticket == ticket] if ticket else []
    where += [update.c.person_id == person, update.c.actor == "official"] if person is not None else []
    named = select(official.c.person_id, func.max(official.c.name).label("name")).group_by(official.c.person_id)
    names = named.subquery()
    statement = (
        select(update, address.c.account, names.c.name)
        .outerjoin(address, address.c.id == update.c.address_id)
        .outerjoin(names, names.c.person_id == update.c.person_id)
        .where(*where)
        .order_by(update.c.at, update.c.ticket, update.c.seq)
    )
    found = await connection.stream(statement.execution_options(yield_per=AT_ONCE))
    async for row in found:
        yield _entry(row)


def _entry(row: Row[Any]) -> Entry:
    values = row._mapping
    acts = values["actor"] == "official"
    return Entry(
        at=values["at"],
        ticket=values["ticket"],
        seq=values["seq"],
        actor=values["actor"],
        person=values["person_id"],
        name=(values["name"] or "") if acts else "",
        body=values["body"],
        address=values["address_id"],
        channel=(values["account"] or "").partition(":")[0],
        status=values["status"],
        action=values["action"],
        public=bool(values["public"]),
        whom=values["whom"],
        about=values["about"],
    )
