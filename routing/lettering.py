"""Names on pictures, in Pillow's own font, which has plain letters only: what stands over and under them is drawn."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageDraw, ImageFont

Box = tuple[float, float, float, float]
Strokes = tuple[tuple[tuple[float, float], ...], ...]

# Each mark as lines in a square over its letter: x from left to right, y upwards, both from 0 to 1.
_OVER: dict[str, Strokes] = {
    "\u0301": (((0.35, 0.0), (0.75, 1.0)),),
    "\u0300": (((0.65, 0.0), (0.25, 1.0)),),
    "\u0302": (((0.1, 0.0), (0.5, 0.9), (0.9, 0.0)),),
    "\u0303": (((0.0, 0.2), (0.25, 0.7), (0.75, 0.2), (1.0, 0.7)),),
    "\u0308": (((0.0, 0.45), (0.3, 0.45)), ((0.7, 0.45), (1.0, 0.45))),
}
_UNDER: dict[str, Strokes] = {"\u0327": (((0.5, 0.0), (0.6, -0.5), (0.35, -0.9)),)}


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font."""
    return ImageFont.load_default(size)


def measure(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int) -> Box:
    """The box that a text takes with its middle here: left, top, right, bottom."""
    plain, _ = _split(text)
    left, top, right, bottom = pen.textbbox(at, plain, font=font(size), anchor="mm")
    return left, top - size / 5, right, bottom


def write(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, ink: str, halo: str = "") -> None:
    """Write a text with its middle here, on a `halo` that keeps it legible over lines."""
    plain, marks = _split(text)
    face = font(size)
    left = at[0] - face.getlength(plain) / 2
    around = {"stroke_width": 2, "stroke_fill": halo} if halo else {}
    pen.text(at, plain, font=face, anchor="mm", fill=ink, **around)  # type: ignore[arg-type]  # Pillow's stubs
    for index, mark in marks:
        left_of, top, right_of, bottom = pen.textbbox(
            (left + face.getlength(plain[:index]), at[1]), plain[index], font=face, anchor="lm"
        )
        # What stands over an i stands in the place of its dot.
        top += size * 0.27 if plain[index] == "i" else 0.0
        _draw_mark(pen, (left_of, top, right_of, bottom), mark, size, ink)


def _split(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The plain letters, and which mark belongs to which of them."""
    plain: list[str] = []
    marks: list[tuple[int, str]] = []
    for character in unicodedata.normalize("NFD", text):
        if not unicodedata.combining(character):
            plain.append(character)
        elif plain and (character in _OVER or character in _UNDER):
            marks.append((len(plain) - 1, character))
    return "".join(plain), marks


def _draw_mark(pen: ImageDraw.ImageDraw, letter: Box, mark: str, size: int, ink: str) -> None:
    left, top, right, bottom = letter
    side = size * 0.26
    middle = (left + right) / 2
    over = mark in _OVER
    for stroke in (_OVER if over else _UNDER)[mark]:
        base = top - 1 if over else bottom
        points = [(middle + (x - 0.5) * side, base - y * side) for x, y in stroke]
        pen.line(points, fill=ink, width=max(1, round(size / 8)), joint="curve")
