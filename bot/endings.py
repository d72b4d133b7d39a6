"""How a run of a conversation ends before its last line: raised, and caught where it is run."""

from __future__ import annotations

from typing import Any


class Suspended(BaseException):
    """The conversation waits. Not an Exception, so that no handler catches it by accident."""


class Again(BaseException):
    """Something was forgotten: run from the top."""


class Become(BaseException):
    """This conversation ends and another begins in its place, with what the pocket holds."""

    def __init__(self, name: str, args: dict[str, Any]) -> None:
        super().__init__(name)
        self.name = name
        self.args_of = args


class LetGo(BaseException):
    """What was asked loosely is not answered: this conversation ends, and what was `heard` goes where it else would."""

    def __init__(self, *, heard: bool) -> None:
        super().__init__()
        self.heard = heard


class ProgrammingError(Exception):
    """A conversation that breaks the rules of a run: see bot/conversation.py."""
