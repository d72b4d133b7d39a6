"""Where the chores of one process do their work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from routing.pack import Pack
    from storage.database import Database
    from storage.work import Work


class Workplace(NamedTuple):
    """What every chore works with; `owner` names this process to the others, `wake` starts senders by account."""

    database: Database
    pack: Callable[[], Pack]
    make_work: Callable[[AsyncConnection], Work]
    owner: str
    wake: Callable[[set[str]], None]
