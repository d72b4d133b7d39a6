"""A report walked through step by step: what is said, and what the bot asks then."""

from __future__ import annotations

from tests.handset import Phone
from tests.machine import CONGRESS

BODY = "comuna-3"
WELCOME, PLACE, DETAILS, PREVIEW = "De qué se trata", "Dónde es", "¿Cómo es?", "Lo recibe"
# A report step by step: what is said, and what the bot asks then.
STEPS = (("hola", WELCOME), ("bache", PLACE), (None, DETAILS), ("es enorme", PREVIEW))


async def walk(ana: Phone, steps: int) -> None:
    """Go so many steps of a report; None stands for a pin."""
    for said, asked in STEPS[:steps]:
        await (ana.says(said) if said else ana.sends(place=CONGRESS))
        assert asked in ana.last.text
