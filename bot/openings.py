"""What a message out of nowhere tells: whether it only greets, and what of it a report can begin with."""

from __future__ import annotations

from bot.answers import Pocket, Said
from bot.scene import Scene
from bot.talk import keep

# A number of so many characters is no place.
LOOSE_NUMBER = 5


def pocket_of(said: Said, scene: Scene) -> Pocket:
    """The pocket that an opening message fills: greetings taken off, and words only when they say something."""
    words = scene.words.without_greeting(said.text)
    telling = len(words.split()) > 3 or said.captioned or bool(_suggests(words, scene))
    pocket = keep(Pocket(), said, frozenset({"text"}))
    return Pocket(words=words if telling or _has_place(words, scene) else "", place=pocket.place, media=pocket.media)


def only_greets(said: Said, scene: Scene) -> bool:
    """True for a hello with nothing behind it."""
    greets = any(c.isalnum() for c in said.text) and not scene.words.without_greeting(said.text)
    return greets and not (said.tapped or said.place or said.media or said.contact)


def _suggests(words: str, scene: Scene) -> tuple[str, ...]:
    return scene.pack.recognition.suggest(words, scene.words.language, learned=scene.learned)


def _has_place(words: str, scene: Scene) -> bool:
    # "Callao 300", "-34.6, -58.4"; a loose number is a choice that nobody offered.
    numbered = any(c.isdigit() for c in words) and len(words) > LOOSE_NUMBER
    return numbered or scene.pack.places.address(words, scene.words.language) is not None
