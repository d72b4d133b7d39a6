"""What an operator does to teams: invites, lists, takes invitations back, lets go, hands over, confirms."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.municipality import load_or_read_pack
from bot.operations import opened
from bot.providers import make_invite, work_maker
from handlers.leaving import part
from routing.phones import read_phone
from storage import officials, proofs, team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.settings import Settings
    from routing.pack import Pack
    from storage.officials import Pending
    from storage.team import Member
    from storage.work import Work


async def invite(settings: Settings, bodies: Sequence[str], role: str, name: str, phone: str) -> str:
    """A one-time code for an official of these bodies; a manager's code goes to `phone`.

    Raises LookupError with one line for a body that nobody knows, or what is no number.
    """
    async with opened(settings) as database:
        pack = await load_or_read_pack(database, settings)
        _check_bodies(pack, bodies)
        second = read_phone(phone, pack.info.country) if phone else ""
        if second is None:
            raise LookupError(
                f"--phone {phone} is no telephone number; write it with its country, such as +5491150000000"
            )
        return await make_invite(database, work_maker(), bodies, role, name, second)


async def list_team(settings: Settings, bodies: Sequence[str]) -> tuple[list[Member], list[Pending], str]:
    """Who acts for these bodies (none named: for any), every invitation to one of them, and the city's time zone."""
    async with _at_work(settings) as (work, pack):
        _check_bodies(pack, bodies)
        invited = await officials.invites(work)
        mine = [each for each in invited if not bodies or set(each.bodies) & set(bodies)]
        return await team.members(work, bodies or None), mine, pack.info.timezone


async def revoke(settings: Settings, mark: str) -> bool:
    """Take an invitation back; False when there is none to take back."""
    async with _at_work(settings) as (work, _):
        return await officials.revoke(work, mark)


async def let_go(settings: Settings, leaver: int, heir: int | None, *, why: str) -> tuple[Member, list[str], bool]:
    """(who left, the codes of what went on, whether the body has no manager now); LookupError for an unknown id.

    Each ticket's history keeps `why`, and that an operator did it.
    """
    async with _at_work(settings) as (work, pack):
        everybody = await team.members(work, lock=True)
        leaves, follows = _find(everybody, leaver), None if heir is None else _find(everybody, heir)
        if follows and (follows.body != leaves.body or follows.person_id == leaves.person_id):
            raise LookupError(f"{heir} is no colleague of {leaver}")
        last = team.is_last_manager(everybody, leaves)
        name = (follows.name or f"#{follows.id}") if follows else ""
        codes = await part(work, leaves, follows, language=pack.info.language, name=name, why=why)
        return leaves, codes, last


async def confirm(settings: Settings, member: int, why: str) -> list[str]:
    """Let a manager's rights begin without her second proof, and keep `why`; the bodies for which they do now."""
    async with _at_work(settings) as (work, _):
        found = _find(await team.members(work, lock=True), member)
        return await proofs.prove(work, found.person_id, found.address_id, confirmed=why)


@asynccontextmanager
async def _at_work(settings: Settings) -> AsyncIterator[tuple[Work, Pack]]:
    async with opened(settings) as database:
        pack = await load_or_read_pack(database, settings)
        async with database.write() as connection:
            work = work_maker()(connection)
            yield work, pack
            await work.flush()


def _check_bodies(pack: Pack, bodies: Sequence[str]) -> None:
    known = [body.id for body in pack.records.bodies]
    for body in bodies:
        if body not in known:
            near = difflib.get_close_matches(body, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise LookupError(f"--body {body} is not in the pack {pack.id}; {hint}")


def _find(everybody: Sequence[Member], wanted: int) -> Member:
    found = next((each for each in everybody if each.id == wanted), None)
    if found is None:
        raise LookupError(f"{wanted} is nobody's number; python -m bot officials list shows them")
    return found
