"""One logging configuration: JSON lines, rotating, every secret value replaced."""

import json
import logging
import logging.handlers
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

__all__ = ["Redactor", "configure"]

_SHAPES = re.compile(
    r"(bot\d{6,}:[\w-]{10,}"
    r"|(?i:(?:api[_-]?key|token|signature|secret|authorization|bearer)[\"']?\s*[=:\s]\s*[\"']?)[^\s&\"',;]{6,})"
)
_LONGEST_SECRET_SHOWN = 6
_FILE_BYTES = 5_000_000
_FILES = 5


class Redactor(logging.Filter):
    """Replace secrets in every record: known values as they are or URL-quoted, and token shapes."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._values: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn more values, for example a token made at first start."""
        for value in secrets:
            if len(value) >= _LONGEST_SECRET_SHOWN:
                self._values |= {value, quote(value, safe="")}

    def clean(self, text: str) -> str:
        """Return ``text`` without secrets."""
        for value in self._values:
            text = text.replace(value, "***")
        return _SHAPES.sub("***", text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Fold arguments and traceback into the message, cleaned; never drops a record."""
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info))
        record.msg, record.args, record.exc_info, record.exc_text = self.clean(message), None, None, None
        return True


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Give time, level, logger and message."""
        return json.dumps(
            {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
            },
            ensure_ascii=False,
        )


def configure(folder: Path, secrets: Iterable[str] = ()) -> Redactor:
    """Log ``marketpulse`` to ``folder/desk.log`` (five files of 5 MB) and warnings to the terminal.

    A folder that cannot be written leaves the terminal only: logging never stops the desk.
    """
    redactor = Redactor(secrets)
    handlers: list[logging.Handler] = []
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handlers.append(terminal)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            folder / "desk.log", maxBytes=_FILE_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True
        )
        file.setFormatter(_JsonLines())
        handlers.append(file)
    except OSError:
        terminal.setLevel(logging.INFO)
    root = logging.getLogger("marketpulse")
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.setLevel(logging.INFO)
    root.propagate = False
    for handler in handlers:
        handler.addFilter(redactor)
        root.addHandler(handler)
    logging.raiseExceptions = False  # a full disk under the log must not print into the terminal
    for vendor in ("yfinance", "ccxt", "httpx", "httpcore", "telegram", "urllib3", "peewee", "curl_cffi"):
        logger = logging.getLogger(vendor)
        logger.setLevel(logging.CRITICAL)  # vendors log addresses with keys in them
        logger.propagate = False
    return redactor
