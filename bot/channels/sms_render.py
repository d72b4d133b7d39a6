"""How an Outbound reads as one SMS: short words, numbers to type, nothing that a phone without data cannot show. Pure.

What is too long for its budget loses what can best be spared: first the words that it quotes, then the end of a list,
last the end of its longest line.
"""

from __future__ import annotations

import re

import msgspec

from bot.channels.gsm7 import ONE, PART, segments, transliterate, units
from bot.messages import Option, Outbound
from locales import ABOUT_A_TICKET, catalog

# A question is paid as one SMS where it can be; what was said about a ticket may take four, everything else two.
MOST = 2
MOST_ABOUT_A_TICKET = 4
# So many options or fewer are never spread over two pages.
FEW = 5
WORTH_A_PAGE = 3
# A quotation or a line with less left than this says nothing any more.
LEAST = 24
DOTS = "..."
# A longer address is nothing to be typed from one phone into another.
SHORT_LINK = 48

_QUOTED = re.compile(r"«(.*?)»|“(.*?)”", re.DOTALL)
_SPACES = re.compile(r"[^\S\n]+")
# Where an icon stood: "RT2G-ZSA ( Bache)".
_LEFT_OUT = re.compile(r"\( ")


def render(message: Outbound, *, page: str = "") -> str:
    """The one SMS that says `message`, "" when nothing of it can be said; `page` shows the pictures it leaves out."""
    words, tail = message.text, _tail(message, page)
    most = MOST_ABOUT_A_TICKET if message.ticket else MOST
    while segments(whole := _joined(words, *tail)) > most:
        shorter = _shorten(words, _excess(whole, most), answered=bool(message.wants or (message.numbered and tail)))
        if shorter == words:
            return _hard_cut(whole, most)
        words = shorter
    return whole


def fits(message: Outbound) -> int:
    """How many of the options go into one SMS together with "more", or into two; all of them when they are few."""
    count = len(message.options)
    paid = segments(_joined(message.text, *_tail(message, "")))
    if not message.numbered or count <= FEW or paid == 1:
        return count
    # Of a page with less on it she would have to ask for too many.
    pages = (_most_on_a_page(message, most) for most in (1, MOST))
    return next((shown for shown in pages if shown >= WORTH_A_PAGE), min(WORTH_A_PAGE, count))


def _most_on_a_page(message: Outbound, most: int) -> int:
    """How many options fit beside "more" into so many SMS, with not a word of them or of the question left out."""
    rest = range(len(message.options) - 1, 0, -1)
    return next((n for n in rest if segments(_joined(message.text, *_tail(_page(message, n), ""))) <= most), 0)


def _page(message: Outbound, shown: int) -> Outbound:
    more = Option(tap="@more", label=catalog(message.language).text("more-options", "sms"))
    return msgspec.structs.replace(message, options=(*message.options[:shown], more))


def _tail(message: Outbound, page: str) -> list[str]:
    """What stands under the words: the options, or commands that are typed instead of shortcuts, and a page to open."""
    lines = _choices(message) if message.numbered else _commands(message)
    if message.media and page and len(page) <= SHORT_LINK:
        lines.append(f"{catalog(message.language).text('sms-picture')}: {page}")
    elif message.link:
        lines.append(f"{message.link.label}: {message.link.url}")
    return [transliterate(line) for line in lines]


def _choices(message: Outbound) -> list[str]:
    offered = [option.label for option in message.options if not option.tap.startswith("@")]
    numbered = [f"{number} {label}" for number, label in enumerate(offered, message.first)]
    more = [option.label for option in message.options if option.tap == "@more"]
    # A new line costs as much as a space; words that stand alone read well side by side.
    return ([" ".join(numbered)] if all(" " not in label for label in offered) and offered else numbered) + more


def _commands(message: Outbound) -> list[str]:
    """Shortcuts that a phone without buttons can type: commands about the one ticket that this is about."""
    words = catalog(message.language)
    typed: list[str] = []
    for option in message.options:
        name, _, rest = option.tap.removeprefix("/").partition(" ")
        code, _, more = rest.partition(" ")
        if name in ABOUT_A_TICKET and message.ticket and code == message.ticket:
            typed.append(" ".join(filter(None, (words.typed(name), code, option.label if more else ""))).upper())
    # A label that is the command itself is not said twice.
    if len(typed) == 1 == len(message.options) and not typed[0].startswith(f"{message.options[0].label} ".upper()):
        return [f"{message.options[0].label}: {typed[0]}"]
    return [" / ".join(typed)] if typed else []


def _joined(words: str, *tail: str) -> str:
    lines = "\n".join((transliterate(words), *tail)).splitlines()
    return "\n".join(line for each in lines if (line := _LEFT_OUT.sub("(", _SPACES.sub(" ", each)).strip()))


def _excess(text: str, most: int) -> int:
    room = ONE if most == 1 else PART * most
    # A part may end one septet early, before a sign that takes two.
    return max(units(text) - room, 1)


def _shorten(words: str, excess: int, *, answered: bool) -> str:
    """The words without about `excess` of their characters; the same when nothing more can be spared."""
    quoted = max(_QUOTED.finditer(words), key=lambda found: len(found[0]), default=None)
    if quoted and len(quoted[0]) - 2 > LEAST + len(DOTS):
        said = (quoted[1] or quoted[2]).strip()
        return words[: quoted.start() + 1] + _cut(said, excess) + words[quoted.end() - 1 :]
    lines = [line for line in words.splitlines() if line != DOTS]
    if not answered and len(lines) > FEW:
        return "\n".join([*lines[:-1], DOTS])
    longest = max(lines, key=len, default="")
    if len(longest) <= LEAST + len(DOTS):
        return words
    return words.replace(longest, _cut(longest, excess), 1)


def _cut(text: str, excess: int) -> str:
    """The text without its last `excess` characters, at a word's end, with dots for what is left out."""
    most = max(len(text) - excess - len(DOTS), LEAST)
    head = text[:most]
    whole = head if text[most : most + 1].isspace() else head.rpartition(" ")[0]
    return (whole if len(whole) > len(head) // 2 else head).rstrip(" .,;:-") + DOTS


def _hard_cut(text: str, most: int) -> str:
    while segments(text) > most:
        text = text[: -max(_excess(text, most) // 2, 1) - len(DOTS)] + DOTS
    return text
