"""A pin says more than words: what she sends from outside is turned away, whatever her story names."""

from __future__ import annotations

from storage.schema import ticket
from tests.machine import MONTEVIDEO, Machine

STORY = "hay un pozo enorme en la calle España entre Melo y Güemes"


async def test_a_pin_outside_is_turned_away_though_the_story_names_a_street(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        rosa = machine.phone("rosa")
        await rosa.says(STORY)
        await rosa.sends(place=MONTEVIDEO)
        assert "Ciudad de Buenos Aires" in rosa.last.text
        assert not any(option.label == "Enviar" for option in rosa.last.options)
        assert await machine.count(ticket) == 0
