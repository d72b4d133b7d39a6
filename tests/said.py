"""Which messages the code says, read from its source: the keys, and what each is filled with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, get_args

from locales import FOLDER
from storage.statuses import STATUSES, Actor

ROOMS = ("handlers", "bot", "routing/deliveries", "storage", "web")
# Messages whose key is put together: what may stand behind the beginning.
PUT_TOGETHER = {
    "status-": STATUSES,
    "by-": get_args(Actor),
    "told-": ("reopened", "confirmed", "withdrawn"),
    "terminal-": ("place", "photos"),
    "alert-": ("remind", "alarm", "colleague", "dispatcher", "manager", "body"),
    "silence-": ("colleague", "dispatcher", "manager", "request", "unanswered", "confirmed"),
    "silence-alarm-": ("answer", "closing"),
    "history-silence-": ("alarm", "colleague", "dispatcher", "manager", "request"),
}
# Which argument is the key, by the name of what is called.
QUESTIONS = {
    "Choice": 1,
    "YesNo": 0,
    "Words": 0,
    "Photos": 0,
    "Where": 0,
    "Number": 0,
    "AskContact": 0,
    "WhichTicket": 0,
    "Day": 0,
    "Ready": 0,
    "Selection": 1,
    "Fixed": 1,
    "Scores": 1,
}
SAYING = {
    "text": 0,
    "say": 0,
    "remark": 0,
    "plural": 0,
    "link": 0,
    "reject": 1,
    "Unclear": 0,
    "Unusable": 0,
    **QUESTIONS,
}
# What is called with names of answers and effects.
NAMING = {"ask", "do", "recall", "look_up", "part", "suppose", "heard", "did", "change", "listen"}


class Use(NamedTuple):
    """A message that the code says: where, its key, the names it is filled with (None: not to be seen there)."""

    where: str
    key: str
    names: set[str] | None


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Every module's path and syntax tree."""
    root = FOLDER.parent
    paths = [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]
    return tuple((str(path.relative_to(root)), ast.parse(path.read_text("utf-8"))) for path in paths)


def literals(beginning: str = "") -> Iterator[tuple[str, str]]:
    """(where, text) of every literal in the modules whose path begins so."""
    for where, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and where.startswith(beginning):
                yield f"{where}:{node.lineno}", node.value


def put_together() -> set[str]:
    """The keys that are put together anywhere, a call or a variable before it."""
    found = {text for _, tree in trees() for node in ast.walk(tree) for text in _literals_of_joined(node)}
    return {start + end for start, ends in PUT_TOGETHER.items() if f"{start}*" in found for end in ends}


def _literals_of_joined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield from _literals_of(node)


def names() -> set[str]:
    """What answers and effects are called."""
    return {text for _, called, call in _calls() if called in NAMING for arg in call.args for text in _literals_of(arg)}


def asked() -> set[str]:
    """The keys of questions that are asked without one: "ask-" and the answer's name."""
    return {f"ask-{name}" for _, called, call in _calls() if called == "ask" for name in _literals_of(call.args[0])}


def uses() -> Iterator[Use]:
    """Every message with a key in plain sight."""
    for where, called, call in _calls():
        if called in SAYING:
            for key in _keys(_argument(call, SAYING[called])):
                yield Use(where, key, _filled_with(call))
        if called == "ask" and len(call.args) > 1 and isinstance(question := call.args[1], ast.Call):
            yield from (Use(where, key, _filled_with(question)) for key in _default_key(call, question))


def _default_key(call: ast.Call, question: ast.Call) -> list[str]:
    # A quiet question is asked only where there is a way back to it.
    quiet = any(each.arg == "quiet" for each in question.keywords)
    if not isinstance(question.func, ast.Name) or question.func.id not in QUESTIONS or quiet:
        return []
    key = _argument(question, QUESTIONS[question.func.id])
    return [f"ask-{name}" for name in _literals_of(call.args[0]) if key is None or "" in _literals_of(key)]


@cache
def _calls() -> tuple[tuple[str, str, ast.Call], ...]:
    found: list[tuple[str, str, ast.Call]] = []
    for where, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if not (where.startswith("storage") and called == "text"):  # SQL is no message
                    found.append((f"{where}:{node.lineno}", called, node))
    return tuple(found)


def _argument(call: ast.Call, at: int) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == "text"), None)
    return call.args[at] if len(call.args) > at else named


def _keys(node: ast.expr | None) -> Iterator[str]:
    for text in _literals_of(node):
        if text.endswith("*"):
            yield from (text[:-1] + end for end in PUT_TOGETHER.get(text[:-1], ("*",)))
        elif text:
            yield text


def _literals_of(node: ast.expr | None) -> Iterator[str]:
    # Every text that an expression may be; "told-*" for one that is put together.
    match node:
        case ast.IfExp():
            yield from _literals_of(node.body)
            yield from _literals_of(node.orelse)
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield f"{text}*"


def _filled_with(call: ast.Call) -> set[str] | None:
    if any(each.arg is None for each in call.keywords):
        return None
    given = {each.arg for each in call.keywords if each.arg}
    for each in call.args:
        if isinstance(each, ast.Dict):
            given |= {key.value for key in each.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return given | {"n", "least", "most"}  # `plural`, `Number` and `Photos` add these by themselves
