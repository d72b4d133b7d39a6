"""Which process this is among those that share a database, and which of them died and left their leases behind.

A lease of a process that was killed runs out by itself within seconds. On the same machine nobody needs to wait for
that: a restarted process sees that the one before is gone.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from storage import leases

if TYPE_CHECKING:
    from storage.database import Database

_OURS: set[str] = set()


def make_owner() -> str:
    """A name for whoever takes leases in this process: machine, process number, and what makes it unique."""
    name = f"{_machine()}:{os.getpid()}:{secrets.token_hex(6)}"
    _OURS.add(name)
    return name


def is_dead(owner: str) -> bool:
    """True when this was made on this machine by a process that surely runs no more."""
    machine, _, rest = owner.rpartition(":")[0].rpartition(":")
    if machine != _machine() or not rest.isdecimal() or owner in _OURS:
        return False
    number = int(rest)
    # In a container every start has the same number.
    return number == os.getpid() or not _runs(number)


async def free_dead(database: Database) -> list[str]:
    """Give back the leases of dead processes of this machine; return their owners."""
    async with database.write() as connection:
        dead = [owner for owner in await leases.owners(connection) if is_dead(owner)]
        for owner in dead:
            await leases.release_all(connection, owner)
    return dead


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _machine() -> str:
    """The machine, as far as process numbers reach: a container counts its own."""
    return f"{socket.gethostname()[:30]}-{hashlib.sha256(_boot().encode()).hexdigest()[:12]}"


def _boot() -> str:
    # proc(5): random/boot_id differs after each start of the machine, ns/pid between containers.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text() + str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
