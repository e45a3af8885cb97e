"""How every process of ours speaks: one line `time level logger message key=value ...` on stderr, and never a secret in it.

A login link stands in the path of a request, and Django's own loggers print paths, so what follows `/login/` is taken out of every line,
and so are bearer tokens and passwords inside URLs.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog

SECRETS = re.compile(r"(?<=/login/)[\w~.-]+|(?<=Bearer )[\w~.+/=-]+|(?<=://)[^/@\s]*:[^/@\s]+(?=@)")
SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Lines without secrets, also those of libraries that log by the standard library."""

    def format(self, record: logging.LogRecord) -> str:
        return hide(text=super().format(record))


def hide(*, text: str) -> str:
    """The text without the secrets that requests and addresses carry."""
    return SECRETS.sub("(hidden)", text)


def without_traceback(record: logging.LogRecord) -> bool:
    """This will make a warning of one line of what anybody on the network can cause."""
    record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
    return True


def configure(*, level: str) -> None:
    """This will send everything that is logged in this process to stderr; `level` is what libraries must reach, ours say more."""
    render = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"])
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(foreign_pre_chain=SHARED, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]))
    root = logging.getLogger()
    root.handlers = [held for held in root.handlers if not isinstance(held.formatter, Formatter)] + [handler]
    root.setLevel(level)
    logging.getLogger("clusterview").setLevel("INFO")
    logging.getLogger("django.request").setLevel("ERROR")  # below that it names every visitor who is not signed in
    logging.getLogger("django.security.DisallowedHost").addFilter(without_traceback)
    logging.getLogger("django.security.csrf").setLevel("ERROR")  # each of them is told by `clusterview.access.attempts`, so many a minute
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
