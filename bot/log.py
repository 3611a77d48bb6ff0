"""The log: an event and its fields, one line each, on standard error.

What people write and what is secret never stands in it. The bot's own events carry ids only. The libraries' loggers
are another matter: at their chattiest they print whole requests, and their errors quote what they were working on. So
they speak from "warning" up, and only the place a record comes from and the kind of its exception are printed.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, cast

import structlog
from structlog.typing import EventDict

OWN = "bot"
"""The name under which the bot's own records come; every other logger is a library's."""


KEY_ORDER = ("timestamp", "level", "event")


def configure(level: str) -> None:
    """Log from `level` ("debug" to "error") up."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _without_words,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*chain, structlog.processors.LogfmtRenderer(key_order=KEY_ORDER, bool_as_flag=False)],
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
    error = raised if isinstance(raised, BaseException) else sys.exc_info()[1] if raised is True else _second(raised)
    if error is not None:
        event["raised"] = _kinds(error)
        event["at"] = _places(error.__traceback__)
    return event


def _second(raised: object) -> BaseException | None:
    """The exception of the triple that a LogRecord carries."""
    error = cast("tuple[Any, ...]", raised)[1] if isinstance(raised, tuple) else None
    return error if isinstance(error, BaseException) else None


def _kinds(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        parts = cast("tuple[BaseException, ...]", error.exceptions)
        return f"Group({', '.join(map(_kinds, parts))})"
    cause = error.__cause__ or error.__context__
    return type(error).__name__ + (f" < {_kinds(cause)}" if cause else "")


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-4:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
