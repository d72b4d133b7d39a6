"""responses.toml: what officials say again and again, in every language of the pack, with what is filled in."""

from __future__ import annotations

import string
from collections.abc import Collection
from pathlib import Path

from routing.records import Response
from routing.shapes import Entry, check_known, check_texts, read_tables
from routing.sources import Source, TomlSource

# When they are offered, and what may be filled into one.
ASKS = "waiting_citizen"
MOMENTS = ("acknowledged", ASKS, "planned", "resolved", "declined", "answer")
VARIABLES = ("code", "category", "place", "body", "date")


class Responses:
    """The [[response]] tables of a file that a pack may do without; what is wrong is noted in the source."""

    def __init__(
        self, path: Path, languages: tuple[str, ...], bodies: Collection[str], categories: Collection[str]
    ) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.responses: tuple[Response, ...] = ()
        if self.source is None or self.source.data is None:
            return
        for key in self.source.data.keys() - {"response"}:
            self.source.fault(self.source.line(key), f"nobody reads '{key}'", "This file has response")
        entries = read_tables(self.source, "response", Response)
        self.responses = tuple(entry.table for entry in entries)
        for entry in entries:
            _check(self.source, entry, languages, tuple(bodies), tuple(categories))


def _check(
    source: Source,
    entry: Entry[Response],
    languages: tuple[str, ...],
    bodies: tuple[str, ...],
    categories: tuple[str, ...],
) -> None:
    response, steps, title = entry
    check_texts(source, response.label, languages, (*steps, "label"), title)
    check_texts(source, response.text, languages, (*steps, "text"), title)
    problem = f"{title} is for '{response.status}', which is no moment to say it"
    check_known(source, response.status, MOMENTS, (*steps, "status"), problem, f"Use {', '.join(MOMENTS)}")
    problem = f"{title} names body '{response.body}', which bodies.toml does not have"
    check_known(source, response.body, ("", *bodies), (*steps, "body"), problem, "Add it there or correct the name")
    problem = f"{title} names category '{response.category}', which categories.toml does not have"
    mend = "Add it there or correct the name"
    check_known(source, response.category, ("", *categories), (*steps, "category"), problem, mend)
    if response.status == ASKS and not all(text.endswith("?") for text in response.text.values()):
        source.fault(source.line(*steps, "text"), f"{title} asks nothing", "End it with a question mark")
    for text in response.text.values():
        if wrong := _wrong_variables(text):
            problem = f"{title} has {{{wrong}}}, which nothing fills in"
            source.fault(source.line(*steps, "text"), problem, f"Use {', '.join(f'{{{name}}}' for name in VARIABLES)}")


def _wrong_variables(text: str) -> str:
    """The first thing in braces that is no variable; "" when there is none."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return text[:20]
    return next((name or " " for name in names if name not in VARIABLES), "")
