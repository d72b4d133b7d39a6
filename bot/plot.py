"""A small picture of a body's figures: what came and was closed week by week, and how old the backlog is.

Read on a phone, in the sun, by whoever sees no colours: large numbers stand at every bar, one kind of bar is full and
the other hatched. Importing this imports Pillow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from io import BytesIO

from msgspec import Struct
from PIL import Image, ImageDraw

from routing.lettering import font, measure, write

# Shown at half its size on a narrow phone: a letter of 26 is one of 13 there.
WIDTH, HEIGHT = 720, 860
SIDE, TITLE, SMALL = 28, 30, 26
PAPER, INK, SOFT_INK, LINE = "#ffffff", "#1d2327", "#565d63", "#b9bfc4"
FULL, HATCH, OLD = "#1f4e79", "#a34700", "#59636b"
TOP, BASE, GAP = 190, 430, 12
FIRST_ROW, ROW, BAR = 572, 66, 38
LABELS, LONGEST = 250, 340
# A title longer than this is cut.
MOST_TITLE = 40

Bar = tuple[str, int]
Box = tuple[float, float, float, float]


class Plot(Struct, frozen=True):
    """What the picture says, in words and numbers: (label, received, closed) of each week, (label, count) of each age.

    `legend` names received and closed.
    """

    title: str
    subtitle: str
    legend: tuple[str, str]
    weeks: tuple[tuple[str, int, int], ...]
    ages_title: str
    ages: tuple[Bar, ...]


def draw(plot: Plot) -> bytes:
    """The picture as a PNG."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    _write(pen, SIDE, 42, _cut(plot.title), TITLE, INK)
    _write(pen, SIDE, 86, plot.subtitle, SMALL, SOFT_INK)
    _draw_legend(pen, plot.legend)
    _draw_weeks(pen, plot.weeks)
    _write(pen, SIDE, 530, plot.ages_title, TITLE, INK)
    _draw_ages(pen, plot.ages)
    out = BytesIO()
    picture.quantize(32).save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw_legend(pen: ImageDraw.ImageDraw, legend: tuple[str, str]) -> None:
    left = float(SIDE)
    for name, hatched in zip(legend, (False, True), strict=True):
        _fill(pen, (left, 118, left + 34, 146), hatched=hatched)
        left = _write(pen, left + 46, 132, name, SMALL, INK) + 44


def _draw_weeks(pen: ImageDraw.ImageDraw, weeks: Sequence[tuple[str, int, int]]) -> None:
    """Two bars a week, with their numbers above and the week's first day below."""
    most = max((max(received, closed) for _, received, closed in weeks), default=0) or 1
    step = (WIDTH - 2 * SIDE) / max(len(weeks), 1)
    width = (step - GAP) / 2
    for number, (label, *counts) in enumerate(weeks):
        left = SIDE + number * step + GAP / 2
        for count, hatched in zip(counts, (False, True), strict=True):
            top = BASE - (BASE - TOP) * count / most
            if count:
                _fill(pen, (left + 2, min(top, BASE - 3), left + width - 2, BASE), hatched=hatched)
            write(pen, (left + width / 2, top - 18), str(count), _size(pen, str(count), width), INK, PAPER)
            left += width
        write(pen, (SIDE + (number + 0.5) * step, BASE + 24), label, SMALL - 2, SOFT_INK)
    pen.line([(SIDE, BASE), (WIDTH - SIDE, BASE)], fill=INK, width=2)


def _draw_ages(pen: ImageDraw.ImageDraw, ages: Sequence[Bar]) -> None:
    """A bar an age, the older the further down, each with its number."""
    most = max((count for _, count in ages), default=0) or 1
    for number, (label, count) in enumerate(ages):
        middle = FIRST_ROW + number * ROW + ROW / 2
        _write(pen, SIDE, middle, label, SMALL, INK)
        end = LABELS + LONGEST * count / most
        if count:
            pen.rectangle((LABELS, middle - BAR / 2, max(end, LABELS + 3), middle + BAR / 2), fill=OLD)
        _write(pen, end + 14, middle, str(count), SMALL, INK)
    pen.line([(LABELS, FIRST_ROW), (LABELS, FIRST_ROW + len(ages) * ROW)], fill=LINE, width=2)


def _fill(pen: ImageDraw.ImageDraw, box: Box, *, hatched: bool) -> None:
    """A full bar, or one of slanting lines in a frame."""
    if not hatched:
        pen.rectangle(box, fill=FULL)
        return
    left, top, right, bottom = (round(side) for side in box)
    # Each line is cut off where it leaves the bar.
    for start in range(left - (bottom - top), right, 9):
        low, high = max(start, left), min(start + bottom - top, right)
        if low < high:
            pen.line([(low, bottom - (low - start)), (high, bottom - (high - start))], fill=HATCH, width=3)
    pen.rectangle((left, top, right, bottom), outline=HATCH, width=2)


def _write(pen: ImageDraw.ImageDraw, left: float, middle: float, text: str, size: int, ink: str) -> float:
    """Write from the left; where the text ends."""
    width = pen.textlength(_bare(text), font=font(size))
    write(pen, (left + width / 2, middle), text, size, ink)
    return left + width


def _size(pen: ImageDraw.ImageDraw, text: str, room: float) -> int:
    """The largest size in which a number is no wider than its bar."""
    for size in range(SMALL, 13, -2):
        left, _, right, _ = measure(pen, (0, 0), text, size)
        if right - left <= room + 4:
            return size
    return 12


def _bare(text: str) -> str:
    """The letters without what stands over them, which takes no room."""
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TITLE else text[: MOST_TITLE - 1].rstrip() + "…"
