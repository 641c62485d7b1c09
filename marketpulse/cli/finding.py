"""Find the desk that runs on the data folder: where it answers, and the token that opens it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from marketpulse.errors import ConfigError

__all__ = ["NoDesk", "Running", "find"]

_START = "start it with: python -m marketpulse start"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoDesk(ConfigError):
    """No desk runs on the data folder, or it cannot be reached. Next: start it."""


@dataclass(frozen=True, slots=True)
class Running:
    """A desk as its ``desk.json`` tells it; ``token`` is kept out of every text made of this."""

    pid: int
    url: str
    token: str = field(repr=False)


def find(data_dir: Path) -> Running:
    """Read ``desk.json`` and ``api-token`` in ``data_dir``.

    Raises
    ------
    NoDesk
        One sentence that says what is missing.
    """
    try:
        told = json.loads((data_dir / "desk.json").read_text(encoding="utf-8"))
        pid, url = int(told["pid"]), str(told["url"])
    except FileNotFoundError:
        raise NoDesk(f"No desk runs on {data_dir}; {_START}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise NoDesk(f"{data_dir / 'desk.json'} cannot be read, so no desk can be found; {_START}") from None
    if not url:
        raise NoDesk(f"The desk (process {pid}) is still starting; ask again in a moment.")
    if urlsplit(url).hostname not in _LOOPBACK:
        raise NoDesk(
            f"{data_dir / 'desk.json'} names an address that is not this machine's; nothing was sent."
        )
    try:
        token = (data_dir / "api-token").read_text(encoding="ascii", errors="strict").strip()
    except (OSError, ValueError):
        raise NoDesk(
            f"{data_dir / 'api-token'} cannot be read; run this as the user who runs the desk."
        ) from None
    return Running(pid, url, token)
