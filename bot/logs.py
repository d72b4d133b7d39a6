"""Structured logs: ids and outcomes, never what people wrote, their names and numbers or where they are."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

# Loggers of ours that use the standard library's way; what they add beside the words.
OURS = "baldosa"
ADDED = ("account", "detail", "fault", "key", "kind")
MOST_PLACES = 8


def set_up_logs(level: str, form: str) -> None:
    """`level` as logging names it; `form` "json", "console", or "auto": JSON unless somebody is watching."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
    ]
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    last: Any = structlog.processors.JSONRenderer() if as_json else console
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Whatever the level, libraries tell their troubles alone: below that they tell what passes through them.
    logging.basicConfig(level=logging.WARNING, handlers=[_Others()], force=True)
    logging.getLogger(OURS).setLevel(level.upper())


class _Others(logging.Handler):
    """Brings what is logged by the standard library's way into the same form.

    Of a library's line only the template is kept: the values in it may be an address with a token, or somebody's words.
    """

    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.partition(".")[0] == OURS
        words = record.getMessage() if ours else str(record.msg)
        added = {name: record.__dict__[name] for name in ADDED if ours and name in record.__dict__}
        error = record.exc_info[1] if record.exc_info else None
        logger = structlog.get_logger(record.name)
        logger.log(record.levelno, words.partition("\n")[0], logger=record.name, exc_info=error, **added)


def _without_values(_logger: Any, _method: str, event: Any) -> Any:
    """An exception becomes the places it passed and its class: its words may quote what somebody wrote."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["fault"] = type(error).__name__
        event["places"] = " ".join(_places(error)[-MOST_PLACES:])
    return event


def _places(error: BaseException) -> list[str]:
    places, trace = [], error.__traceback__
    while trace:
        places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places
