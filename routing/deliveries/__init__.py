"""How bodies receive reports: one file for each method's wire form, `METHODS` their table.

- `report`: what is told, the same for every method; `open311`, `letter`, `webhook`: the forms it takes
- `answers`, `answering`: what comes back by mail, and what it is known by
- `reading`, `statuses`: what comes back from far servers
- `checks`: what a pack may say of each method
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from routing.deliveries import checks, open311
from routing.records import Body

Actor = Literal["citizen", "official", "system", "operator"]
# (key, problem, mend) of what is wrong with a body's table.
Fault = tuple[str, str, str]


class Method(Struct, frozen=True):
    """One way to receive. `hears` are those whose updates it is told of; `check` says what is wrong with its table.

    `inside` says that it takes the photos themselves and not only their addresses.
    """

    hears: frozenset[Actor]
    check: Callable[[Any], list[Fault]]
    inside: bool = False


EVERYBODY: frozenset[Actor] = frozenset({"citizen", "official", "system"})

METHODS: dict[str, Method] = {
    # Officials who answer by mail know what they did themselves.
    "email": Method(frozenset({"citizen"}), checks.check_email, inside=True),
    "open311": Method(EVERYBODY, checks.check_open311),
    "webhook": Method(EVERYBODY, checks.check_webhook),
}
CHAT = "chat"
ALL = (CHAT, *METHODS)


def methods_for(body: Body, category: str, group: str) -> tuple[str, ...]:
    """The methods by which a body can receive a ticket of a category, and of its group."""
    if body.open311 is None or open311.service_code(body.open311, category, group):
        return body.delivery
    return tuple(method for method in body.delivery if method != "open311")


def faults_of(body: Body) -> list[Fault]:
    """What is wrong with how a body receives: a method without its table, a table of no use, a wrong value in one."""
    found: list[Fault] = []
    for name, method in METHODS.items():
        way = getattr(body, name)
        if name in body.delivery and way is None:
            found.append(("delivery", f"receives by '{name}' and does not say how", f"Add [body.{name}]"))
        elif way is not None and name not in body.delivery:
            found.append((name, f"has a table '{name}' that nobody reads", f'Add "{name}" to delivery'))
        elif way is not None:
            found += [(name, problem, mend) for _, problem, mend in method.check(way)]
    return found
