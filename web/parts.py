"""What the handlers share while the server runs: the rooms, and what is made from them once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from web.limits import Doors, Pace
from web.sign import Signer
from web.statics import Statics, load_statics

if TYPE_CHECKING:
    from web.rooms import Rooms
    from web.socket import Phone


@dataclass(frozen=True)
class Parts:
    """One application's parts; `phones` are the open ones."""

    rooms: Rooms
    signer: Signer
    statics: Statics
    templates: Environment
    messages: Pace
    uploads: Pace
    doors: Doors
    phones: set[Phone] = field(default_factory=set)


PARTS = web.AppKey("parts", Parts)


def make_parts(rooms: Rooms) -> Parts:
    """Read the files that are served and compile nothing: templates are compiled at their first use."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Parts(
        rooms=rooms,
        signer=Signer(rooms.secret),
        statics=load_statics(),
        templates=templates,
        messages=Pace(rooms.messages_a_second, rooms.messages_at_once),
        uploads=Pace(rate=0.5, burst=12),
        doors=Doors(rooms.sockets, rooms.sockets_per_peer),
    )
