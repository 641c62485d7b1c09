"""Start the desk with the interpreter that runs this, and say so when one runs already."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from marketpulse.cli.client import Client, Said
from marketpulse.cli.finding import NoDesk, find
from marketpulse.cli.output import as_json
from marketpulse.clock import Clock, WallClock
from marketpulse.errors import ConfigError, MarketPulseError
from marketpulse.types import Feed

__all__ = ["command", "put_aside", "running_sentence", "start"]

_ENTRY = Path(__file__).parents[2] / "app.py"


def command(more: Sequence[str], entry: Path = _ENTRY) -> list[str]:
    """Return the command that starts the desk; ``more`` goes to ``streamlit run``.

    Raises
    ------
    ConfigError
        The entry file is not where a source tree has it.
    """
    if not entry.is_file():
        raise ConfigError(f"{entry} is missing; run this from MarketPulse's own folder.")
    return [sys.executable, "-m", "streamlit", "run", str(entry), *more]


def running_sentence(data_dir: Path) -> str:
    """Say which desk runs on ``data_dir`` and answers, or nothing at all."""
    try:
        running = find(data_dir)
        with Client(running) as client:
            client.ask("GET", "/health")
    except NoDesk:
        return ""
    except MarketPulseError:
        return f"The desk of process {running.pid} at {running.url} does not answer well; see its log."
    return f"A desk runs on {data_dir} already: process {running.pid} at {running.url}."


def put_aside(data_dir: Path, clock: Clock) -> Path | None:
    """Rename the replay's folder, so that the next start begins a fresh one; nothing is deleted.

    Raises
    ------
    ConfigError
        A desk runs on the folder, or it cannot be renamed.
    """
    replay = data_dir / Feed.REPLAY
    if not replay.is_dir():
        return None
    aside = data_dir / f"{Feed.REPLAY}-until-{clock.wall():%Y%m%d-%H%M%S}"
    try:
        with FileLock(data_dir / "desk.lock").acquire(timeout=0):
            return replay.rename(aside)
    except Timeout:
        raise ConfigError(f"A desk still runs on {data_dir}; stop it first.") from None
    except OSError as error:
        raise ConfigError(f"{replay} could not be put aside ({error.strerror}).") from None


def start(data_dir: Path, more: Sequence[str], out: TextIO, *, json: bool, again: bool = False) -> int:
    """Become the desk (on Windows: run it and wait); returns only when that is not possible or over.

    Parameters
    ----------
    again : put the present replay aside first
    """
    already = running_sentence(data_dir)
    if already:
        raise Said("RUNNING", already)
    words = command(more)
    aside = put_aside(data_dir, WallClock()) if again else None
    if aside is not None and not json:
        out.write(f"The replay so far, with its ledger, now lies in {aside}.\n")
        out.flush()
    if json:
        out.write(as_json({"command": words, "pid": os.getpid()}))
        out.flush()
    if os.name == "posix":
        os.execv(words[0], words)  # noqa: S606 -- no shell is wanted; the words are ours and the person's own
    return subprocess.run(words, check=False).returncode  # noqa: S603 -- as above
