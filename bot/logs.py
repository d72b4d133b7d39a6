"""Structured logs: ids and outcomes, never what people wrote, their numbers or where they are."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

# These write request lines: Telegram's addresses hold the bot's token.
TALKATIVE = ("httpx", "httpcore", "aiohttp.access", "telegram", "asyncio", "sqlalchemy.engine", "alembic", "PIL")


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
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_values(_logger: Any, _method: str, event: Any) -> Any:
    """An exception becomes the places it passed and its class: its words may quote what somebody wrote."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["fault"] = type(error).__name__
        trace = error.__traceback__
        places = []
        while trace:
            places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["places"] = " ".join(places[-8:])
    return event
