"""What an operator can mend, told in one line that names the setting; never a trace."""

from __future__ import annotations

import errno


class StartError(Exception):
    """The process cannot start; the words are for the operator."""


def explain(error: BaseException) -> str | None:
    """The operator's line for an error, None for a fault of our own, whose trace somebody should see."""
    from bot.spool import SpoolError
    from routing.area_files import FileError
    from routing.faults import PackError
    from storage.media import MediaStoreError

    if isinstance(error, StartError | FileError):
        return str(error)
    if isinstance(error, PackError):
        return "\n".join(str(fault) for fault in error.faults)
    if isinstance(error, MediaStoreError | SpoolError):
        return f"BALDOSA_{error}"
    return f"BALDOSA_DATABASE_URL: {_first_line(error)}" if _is_database(error) else None


def explain_listening(error: OSError, host: str, port: int) -> StartError:
    """Why the server cannot listen there, and what to set instead."""
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"BALDOSA_PORT: port {port} on {host} is taken by another process (is Baldosa running already?); "
            "stop that one, or choose another port, such as BALDOSA_PORT=8081"
        )
    if error.errno == errno.EACCES:
        return StartError(f"BALDOSA_PORT: this user may not listen on port {port}; choose one above 1023")
    return StartError(f"BALDOSA_HOST: cannot listen on {host}: {error.strerror or error}")


def _is_database(error: BaseException) -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    # asyncpg's own errors come through bare where no connection was made; Alembic's where the schema is a newer one.
    return isinstance(error, SQLAlchemyError | OSError | TimeoutError) or type(error).__module__.startswith(
        ("asyncpg", "alembic")
    )


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    words = str(cause).strip() or type(cause).__name__
    if type(error).__module__.startswith("alembic"):
        return f"{words.splitlines()[0]}; the database was made by a newer version of Baldosa"
    return words.splitlines()[0]
