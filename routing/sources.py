"""The files of a pack as their writers see them: TOML and GeoJSON that know on which line each thing stands.

Neither `tomllib` nor `json` tells lines, and an error without its line is half an error. Both locators run only on text
that has been parsed already, so they may trust its syntax.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any

from routing.faults import Fault

Step = str | int
_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEYS})\s*=(.*)")
_TOKEN = re.compile(r""""{3}|'{3}|"(?:\\.|[^"\\])*"|'[^']*'|#.*|[\[\]{}]""")
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


class Source(ABC):
    """One file: `data` is what it holds, None when it cannot be read (`faults` says why)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: Any = None
        self.faults: list[Fault] = []
        self._lines: dict[tuple[Step, ...], tuple[int, int]] = {}
        self._text: list[str] = []
        if (text := self._read()) is not None:
            self._parse(text)

    @abstractmethod
    def _parse(self, text: str) -> None:
        """Fill `data`, and find where each thing stands."""

    def line(self, *steps: Step) -> int:
        """The line of `steps` ("category", 3, "name", "es"), or of the nearest thing around it that has a line."""
        return self._span(steps)[0]

    def line_of(self, value: str, *steps: Step) -> int:
        """The line on which `value` is written inside `steps`, such as one name in a long list."""
        first, last = self._span(steps)
        quoted = (f'"{value}"', f"'{value}'")
        lines = (n for n in range(first, last + 1) if any(q in self._text[n - 1] for q in quoted))
        return next(lines, first)

    def fault(self, line: int, problem: str, mend: str) -> None:
        """Notes one fault of this file."""
        self.faults.append(Fault(self.path.as_posix(), line, problem, mend))

    def _span(self, steps: tuple[Step, ...]) -> tuple[int, int]:
        while steps:
            if found := self._spans.get(steps):
                return found
            steps = steps[:-1]
        return 1, max(1, len(self._text))

    @cached_property
    def _spans(self) -> dict[tuple[Step, ...], tuple[int, int]]:
        """Where each thing stands that has a line, or has something inside that has one."""
        around: dict[tuple[Step, ...], tuple[int, int]] = {}
        for steps, span in self._lines.items():
            for length in range(1, len(steps)):
                # "words" may be written as "words.es" and "words.pt" only: then the first of them is meant.
                around[steps[:length]] = min(span, around.get(steps[:length], span))
        return around | self._lines

    def _read(self) -> str | None:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            self.fault(0, "this file is missing", "Add it, or give another folder")
        except UnicodeDecodeError as error:
            line = self.path.read_bytes()[: error.start].count(b"\n") + 1
            self.fault(line, "this is not UTF-8 text", "Save the file as UTF-8")
        else:
            self._text = text.splitlines()
            return text
        return None


class TomlSource(Source):
    """A TOML file; `data` is its table."""

    def _parse(self, text: str) -> None:
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = _AT_LINE.search(str(error))
            line = int(place[1]) if place and place[1] else len(self._text)
            self.fault(line, f"not valid TOML: {_AT_LINE.sub('', str(error))}", "Correct the syntax there")
        else:
            self._locate()

    def _locate(self) -> None:
        table: tuple[Step, ...] = ()
        counts: dict[tuple[Step, ...], int] = {}
        number = 0
        while number < len(self._text):
            first, line = number + 1, self._text[number]
            if header := _HEADER.match(line):
                table = _table_steps(header[1], _split_keys(header[2]), counts)
                self._lines[table] = (first, first)
            elif assignment := _ASSIGNMENT.match(line):
                number += _lines_more(assignment[2], self._text[number + 1 :])
                self._lines[table + _split_keys(assignment[1])] = (first, number + 1)
            number += 1


def _split_keys(keys: str) -> tuple[Step, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_NAME, keys))


def _table_steps(bracket: str, keys: tuple[Step, ...], counts: dict[tuple[Step, ...], int]) -> tuple[Step, ...]:
    """The whole path of a header: "[category.name]" belongs to the last "[[category]]"."""
    steps: tuple[Step, ...] = ()
    for position, key in enumerate(keys):
        steps += (key,)
        if bracket == "[[" and position == len(keys) - 1:
            counts[steps] = counts.get(steps, -1) + 1
        if steps in counts:
            steps += (counts[steps],)
    return steps


def _lines_more(value: str, following: list[str]) -> int:
    """How many of the `following` lines still belong to a value that opens in `value`."""
    depth, quote = _open_after(value, 0, "")
    more = 0
    while (depth or quote) and more < len(following):
        depth, quote = _open_after(following[more], depth, quote)
        more += 1
    return more


def _open_after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """How many brackets, and which long quote, are still open at the end of `line`."""
    at = 0
    while True:
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return depth, quote
            at, quote = end + 3, ""
        token = _TOKEN.search(line, at)
        if token is None:
            return depth, ""
        at = token.end()
        if token[0] in ('"""', "'''"):
            quote = token[0]
        elif token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1


class GeoSource(Source):
    """A GeoJSON file; `data` is the list of its features, found again by ("feature", n, property)."""

    def _parse(self, text: str) -> None:
        try:
            whole = json.loads(text)
        except json.JSONDecodeError as error:
            self.fault(error.lineno, f"not valid JSON: {error.msg}", "Correct the syntax there")
            return
        if not _is_collection(whole):
            self.fault(1, "this is no GeoJSON FeatureCollection", "Wrap the features in one")
            return
        self.data = whole["features"]
        self._locate(text)

    def _locate(self, text: str) -> None:
        opening = _FEATURES.search(text)
        at = opening.end() if opening else 0
        for n in range(len(self.data)):
            start = _end(_BETWEEN.match(text, at))
            _, at = json.JSONDecoder().raw_decode(text, start)
            first, last = text.count("\n", 0, start) + 1, text.count("\n", 0, at) + 1
            self._lines["feature", n] = (first, last)
            for key in re.finditer(r'"([\w-]+)"\s*:', text[start:at]):
                line = first + text.count("\n", start, start + key.start())
                self._lines.setdefault(("feature", n, key[1]), (line, last))


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0


def _is_collection(whole: object) -> bool:
    return (
        isinstance(whole, dict) and whole.get("type") == "FeatureCollection" and isinstance(whole.get("features"), list)
    )
