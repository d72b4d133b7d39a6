"""What the bot says, as it stands in a transcript."""

from __future__ import annotations

import textwrap
import unicodedata

from bot.messages import Option, Outbound

WIDTH = 108


def describe(out: Outbound, files: list[str]) -> list[str]:
    """A message as a transcript has it: its words, then what is offered and shown with them."""
    place = out.place
    return [
        *(f"({each})" for each in files),
        *([f"(pin {place.lat:.4f}, {place.lon:.4f})"] if place and place.lat is not None else []),
        *(_shortened(_visible(line)) for line in out.text.splitlines()),
        *_offered(out.options, numbered=out.numbered),
        *([f"<{out.link.label}> {out.link.url}"] if out.link else []),
        *(["(answers her message)"] if out.reply_to else []),
    ]


def _offered(options: tuple[Option, ...], *, numbered: bool) -> list[str]:
    """The buttons, with the numbers that may be typed instead."""
    phones_own = [option for option in options if option.tap.startswith("@")]
    others = [option for option in options if not option.tap.startswith("@")]
    labels = [f"[{each.shown}]" for each in phones_own]
    labels += [f"{number} [{each.shown}]" if numbered else f"[{each.shown}]" for number, each in enumerate(others, 1)]
    # A label is not broken between two lines.
    glued = "  ".join(label.replace(" ", "\0") for label in labels)
    return [line.replace("\0", " ") for line in textwrap.wrap(glued, WIDTH, break_long_words=False)]


def _visible(line: str) -> str:
    """Write out the characters that no eye sees, but for those that hold an emoji together."""
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) == "Cf" and c != "\u200d" else c for c in line)


def _shortened(line: str) -> str:
    return line if len(line) <= 400 else f"{line[:60]}… ({len(line)} characters)"
