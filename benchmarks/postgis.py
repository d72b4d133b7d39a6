"""A PostgreSQL with PostGIS of its own, from Debian's packages (postgresql-15-postgis-3), while a block lasts."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

FAST = "-c fsync=off -c listen_addresses= -c shared_buffers=512MB -c jit=off"


class NoPostgisError(Exception):
    """Why no PostGIS could be had."""


@contextlib.contextmanager
def running_postgis() -> Iterator[str]:
    """Give the folder of the server's socket; raises NoPostgisError."""
    installed = sorted(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))
    if not installed:
        raise NoPostgisError("PostGIS is not installed (on Debian: apt-get install postgresql-15-postgis-3)")
    programs = Path("/usr/lib/postgresql") / installed[-1].parts[-3] / "bin"
    folder = Path(tempfile.mkdtemp(prefix="baldosa-postgis-"))
    user = None if os.geteuid() else pwd.getpwnam("nobody").pw_uid
    if user is not None:
        os.chown(folder, user, -1)

    def run(*command: str | Path) -> None:
        # What the server writes goes to its log: a pipe that it inherits would stay open as long as it runs.
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            subprocess.run(command, user=user, cwd="/", stdout=log, stderr=log, check=True)  # noqa: S603

    try:
        run(
            programs / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"
        )
        run(programs / "pg_ctl", "-D", folder / "data", "-w", "-o", f"-k {folder} {FAST}", "start")
        try:
            yield str(folder)
        finally:
            run(programs / "pg_ctl", "-D", folder / "data", "-w", "-m", "immediate", "stop")
    except subprocess.CalledProcessError as error:
        raise NoPostgisError(f"{Path(error.cmd[0]).name} failed; see {folder}.log") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
