"""How an official's rights end in a test: as they do in the city, with nobody to inherit her tickets."""

from __future__ import annotations

from storage import team
from storage.work import Work


async def dismiss(work: Work, address_id: int) -> None:
    """Nobody acts for a body at this address any more."""
    for each in await team.members(work):
        if each.address_id == address_id:
            await team.hand_over(work, each, None, told="")
