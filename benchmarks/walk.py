"""The messages of the benchmark: citizens who report a problem in six messages, as Telegram would bring them.

Every second citizen taps buttons and shares a pin, the others type everything. All chats say hello in the first wave,
and so on to the sixth: in each wave the chats come in another order, so that nobody's row lies warm.
"""

from __future__ import annotations

import itertools
import random
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from routing.pack import Pack, read_pack
from routing.records import Category

PACK = Path(__file__).parent.parent / "packs" / "buenos-aires"
LANGUAGE = "es"
STEPS = 6
BEGAN = 1_750_000_000
FIRST_CHAT = 5_000_000_000
FIRST_UPDATE = 900_000_000
WORDS = "Hay un pozo grande en el carril derecho, justo antes de la esquina. Ayer una moto casi se cae. (aviso {})"
# Houses that the street and the quarter both put into one comuna, or the bot would ask for it.
ADDRESS, FIRST_HOUSE, HOUSES = "Av. Rivadavia {}, Caballito", 4800, 1200


class Message(NamedTuple):
    """The `number`th update: this chat takes this step."""

    number: int
    chat: int
    step: int


class Walk(NamedTuple):
    """`chats` say hello, `walkers` of them go on to their ticket; each wave is cut into `rounds` slices."""

    chats: int
    walkers: int
    rounds: int

    def waves(self) -> list[list[list[Message]]]:
        """The messages by wave and round; the same for everybody who asks."""
        lots = random.Random(self.chats)
        walkers = lots.sample(range(self.chats), self.walkers)
        numbers = itertools.count()
        waves = []
        for step in range(STEPS):
            chats = list(range(self.chats)) if step == 0 else list(walkers)
            lots.shuffle(chats)
            cuts = [len(chats) * number // self.rounds for number in range(self.rounds + 1)]
            messages = [Message(next(numbers), chat, step) for chat in chats]
            waves.append([messages[start:end] for start, end in itertools.pairwise(cuts)])
        return waves


@cache
def pack() -> Pack:
    """The demo pack, which both sides take their categories from."""
    return read_pack(PACK)


def chosen() -> tuple[Category, Category]:
    """The group and the category that are reported."""
    group = next(group for group in pack().groups() if not group.leaf)
    return group, pack().leaves(group.id)[0]


def address(chat: int) -> str:
    """Where this chat's problem is, in words."""
    return ADDRESS.format(FIRST_HOUSE + chat % HOUSES)


def update(message: Message) -> bytes:
    """One update as Telegram sends it."""
    number, chat, step = message
    content = _tapped(chat, step) if chat % 2 == 0 and step in _taps() else _written(chat, step)
    return msgspec.json.encode({"update_id": FIRST_UPDATE + number, **content})


@cache
def _taps() -> dict[int, str]:
    """What the tapped buttons carry, by step."""
    group, leaf = chosen()
    return {1: f"q1.category.{group.id}", 2: f"q1.subcategory.{leaf.id}", 5: "q1.send.send"}


def _written(chat: int, step: int) -> dict[str, Any]:
    group, leaf = chosen()
    if step == 3 and chat % 2 == 0:
        said: dict[str, Any] = {
            "location": {"latitude": -34.6 - chat % 97 / 1e4, "longitude": -58.43 - chat % 89 / 1e4}
        }
    else:
        typed = ("Hola", group.name(LANGUAGE), leaf.name(LANGUAGE), address(chat), WORDS.format(chat), "Sí")
        said = {"text": typed[step]}
    return {"message": _message(chat, step, _person(chat), said)}


def _tapped(chat: int, step: int) -> dict[str, Any]:
    """Telegram hands back the whole message that carries the button, its keyboard included."""
    bot = {"id": 123456, "is_bot": True, "first_name": "Baldosa", "username": "baldosa_bot"}
    question = {"text": "¿Qué problema querés contar?", "reply_markup": {"inline_keyboard": _keyboard(step)}}
    tap = {
        "id": str(7_000_000_000_000 + chat * STEPS + step),
        "from": _person(chat),
        "message": _message(chat, step, bot, question),
        "chat_instance": str(-3_000_000_000_000 - chat),
        "data": _taps()[step],
    }
    return {"callback_query": tap}


@cache
def _keyboard(step: int) -> list[list[dict[str, str]]]:
    categories = pack().leaves(chosen()[0].id) if step == 2 else pack().groups()
    return [[{"text": each.name(LANGUAGE), "callback_data": f"q1.category.{each.id}"}] for each in categories]


def _person(chat: int) -> dict[str, Any]:
    names = {"first_name": f"Vecina {chat}", "username": f"vecina_{chat}"}
    return {"id": FIRST_CHAT + chat, "is_bot": False, **names, "language_code": LANGUAGE}


def _message(chat: int, step: int, sender: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    where = {"id": FIRST_CHAT + chat, "first_name": f"Vecina {chat}", "username": f"vecina_{chat}", "type": "private"}
    return {"message_id": 10 + 2 * step, "from": sender, "chat": where, "date": BEGAN + step * 20, **said}
