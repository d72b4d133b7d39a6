"""templates.toml: what Meta has approved to be said on WhatsApp when a citizen has not written for a day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from routing.records import Template
from routing.shapes import Entry, check_known, read_tables
from routing.sources import Source, TomlSource

# What conversations ask templates for, and what may be filled into one.
NAMES = ("update", "question", "resolved")
VARIABLES = ("code", "text", "body", "city")

_SID = re.compile(r"HX[0-9a-f]{32}")


class Templates:
    """The [[template]] tables of a file that a pack may do without; what is wrong is noted in the source."""

    def __init__(self, path: Path, languages: tuple[str, ...]) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.templates: tuple[Template, ...] = ()
        if self.source is None or self.source.data is None:
            return
        for key in self.source.data.keys() - {"template"}:
            self.source.fault(self.source.line(key), f"nobody reads '{key}'", "This file has template")
        entries = read_tables(self.source, "template", Template)
        self.templates = tuple(entry.table for entry in entries)
        for entry in entries:
            _check(self.source, entry, languages)
        _check_once(self.source, entries)


def _check(source: Source, entry: Entry[Template], languages: tuple[str, ...]) -> None:
    template, steps, title = entry
    problem = f"{title} has the name '{template.name}', which nobody asks for"
    check_known(source, template.name, NAMES, (*steps, "name"), problem, f"Use {', '.join(NAMES)}")
    problem = f"{title} is in '{template.language}', which pack.toml does not list"
    mend = "Add the language there or take the template out"
    check_known(source, template.language, languages, (*steps, "language"), problem, mend)
    if not _SID.fullmatch(template.sid):
        mend = "Copy it from Twilio's console: HX and 32 of 0-9 a-f"
        source.fault(source.line(*steps, "sid"), f"the sid of {title} is no ContentSid", mend)
    for variable in dict.fromkeys(template.variables):
        problem = f"{title} has the variable '{variable}', which does not exist"
        check_known(source, variable, VARIABLES, (*steps, "variables"), problem, f"Use {', '.join(VARIABLES)}")
        if template.variables.count(variable) > 1:
            problem = f"{title} has the variable '{variable}' twice"
            source.fault(source.line_of(variable, *steps, "variables"), problem, "Use each once")
    if "code" not in template.variables:
        mend = "Add it, so that the citizen knows what it is about"
        source.fault(source.line(*steps, "variables"), f"{title} does not say the code", mend)


def _check_once(source: Source, entries: Iterable[Entry[Template]]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for entry in entries:
        key, line = (entry.table.name, entry.table.language), source.line(*entry.steps)
        if key in seen:
            problem = f"{entry.title} is '{key[0]}' in {key[1]} a second time (first on line {seen[key]})"
            source.fault(line, problem, "Keep one of them")
        seen.setdefault(key, line)
