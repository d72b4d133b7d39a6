"""emergency.toml, which a pack may do without: whom to phone at once, for each kind of emergency."""

from __future__ import annotations

from pathlib import Path

from routing.alarms import KINDS
from routing.records import Emergency
from routing.shapes import check_emergency, read_table
from routing.sources import TomlSource


class AlarmFile:
    """One emergency.toml; what is wrong is noted in `source`, None where there is no file."""

    def __init__(self, path: Path, languages: tuple[str, ...]) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.alarms: dict[str, Emergency] = {}
        if self.source is None or self.source.data is None:
            return
        for kind, written in self.source.data.items():
            if kind not in KINDS:
                self.source.fault(self.source.line(kind), f"nobody reads '{kind}'", f"This file has {', '.join(KINDS)}")
                continue
            table = read_table(self.source, written, Emergency, (kind,), f"'{kind}'")
            check_emergency(self.source, table, languages, (kind,), f"'{kind}'")
            if table:
                self.alarms[kind] = table
