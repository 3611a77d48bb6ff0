"""The log: an event and its fields, one line each, on standard error.

What people write and what is secret never stands in it. The bot's own events carry ids only. The libraries' loggers
are another matter: at their chattiest they print whole requests, and their errors quote what they were working on. So
they speak from "warning" up, and only the place a record comes from and the kind of its exception are printed.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict

OWN = "bot"
"""The name under which the bot's own records come; every other logger is a library's."""


def configure(level: str) -> None:
    """Log from `level` ("debug" to "error") up."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _without_words,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*chain, structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.Handler(logging.WARNING)
    handler.emit = _emit
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _emit(record: logging.LogRecord) -> None:
    raised = record.exc_info
    log = structlog.get_logger()
    log.log(
        record.levelno,
        "library_warning",
        logger=record.name,
        place=f"{record.module}:{record.lineno}",
        exc_info=raised,
    )


def _without_words(_: object, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind and the places it passed: its text may quote people or secrets."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, BaseException):
        raised = (type(raised), raised, raised.__traceback__)
    if isinstance(raised, tuple) and raised[1] is not None:
        event["raised"] = _kinds(raised[1])
        event["at"] = _places(raised[1].__traceback__)
    return event


def _kinds(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__}({', '.join(_kinds(part) for part in error.exceptions)})"
    cause = error.__cause__ or error.__context__
    return type(error).__name__ + (f" < {_kinds(cause)}" if cause else "")


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-4:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
