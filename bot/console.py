"""What every command of the command line begins and ends with: settings, one run, one line for a mistake."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import typer

from bot.settings import Settings, SettingsError, load_settings

T = TypeVar("T")


def read_settings() -> Settings:
    """The settings; a mistake in them ends the command with a line that names it."""
    try:
        return load_settings()
    except SettingsError as error:
        fail(str(error))


def do(work: Coroutine[Any, Any, T]) -> T:
    """Run it; what an operator can mend is one line, not a trace."""
    from bot.faults import explain

    try:
        return asyncio.run(work)
    except Exception as error:
        if (line := explain(error)) is None:
            raise
    fail(line)


def show_moment(at: float, timezone: str) -> str:
    """A moment (Unix seconds) to the minute, in the municipality's own time."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def fail(line: str) -> NoReturn:
    """End the command with this line."""
    print(line, file=sys.stderr)
    raise typer.Exit(1)
