"""How a question is put: its words, and of its options the page that fits into one message.

Numbers go on counting over the pages, and every option may be typed whatever page is shown. After the last page comes
the first again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bot.messages import Option, Outbound
from bot.talk import Pending
from locales import wants_more

if TYPE_CHECKING:
    from bot.questions import Item, Question
    from bot.scene import Scene
    from bot.talk import Talk

# The tap that asks for the next page.
MORE = "@more"
# Telegram allows 64 bytes of button data, the least of all channels.
MOST_TAP = 64


def offer(scene: Scene, talk: Talk, name: str, question: Question, missed: int = 0) -> None:
    """Ask `question` under `name`: the page that was shown last, else the first. `missed` answers were none so far."""
    items = question.items(scene.words)
    whole = scene.remarked(
        Outbound(
            text=scene.text(question.text or f"ask-{name.rpartition('/')[2]}", **question.values),
            options=tuple(_option(talk, name, index, item) for index, item in enumerate(items)),
            columns=question.columns,
            wants=question.wants,
            media=question.media,
            place=question.place,
            ticket=str(talk.args.get("code", "")),
            template=question.template,
            about=question.about,
            language=scene.words.language,
        )
    )
    start = talk.pending.start if talk.pending and talk.pending.name == name else 0
    shown, after = _page(whole, start if start < len(items) else 0, scene)
    scene.outs.append(shown)
    values = tuple(item.value for item in items)
    talk.pending = Pending(
        name, values, start=shown.first - 1, after=after, loose=question.loose, missed=missed, stays=question.stays
    )


def turn_page(talk: Talk, tapped: str, text: str) -> bool:
    """True when this asks for more of a long list: the next page is the one to be offered then."""
    pending = talk.pending
    if pending is None or not (pending.start or pending.after):
        return False
    if tapped == MORE or (not tapped and wants_more(text)):
        pending.start = pending.after
        return True
    return False


def _page(whole: Outbound, start: int, scene: Scene) -> tuple[Outbound, int]:
    """The options from `start` on that fit, and the index of the first that does not (0: all do)."""
    rest = msgspec.structs.replace(whole, options=whole.options[start:], first=start + 1)
    count = max(scene.fits(rest), 1)
    if count >= len(rest.options):
        return rest, 0
    more = Option(tap=MORE, label=scene.text("more-options"))
    return msgspec.structs.replace(rest, options=(*rest.options[:count], more)), start + count


def _option(talk: Talk, name: str, index: int, item: Item) -> Option:
    # A command needs no talk to be understood: its button works for ever.
    if item.value.startswith(("@", "/")):
        return Option(tap=item.value, label=item.label, icon=item.icon)
    tap = f"q{talk.id}.{name}."
    value = item.value if len(f"{tap}{item.value}".encode()) <= MOST_TAP else f"#{index}"
    return Option(tap=tap + value, label=item.label, icon=item.icon)
