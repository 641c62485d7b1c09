"""The data folder, held by one process at a time, and the note that says who has it."""

import json
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from marketpulse.errors import ConfigError

__all__ = ["Hold"]


class Hold:
    """The hold of one process on a data folder.

    Attributes
    ----------
    fault : why the folder cannot be written, in one sentence; then it is not held, for nothing in it can change
    """

    def __init__(self, folder: Path, lock: FileLock | None, fault: str = "") -> None:
        self.fault = fault
        self._lock = lock
        self._file = folder / "desk.json"

    @classmethod
    def take(cls, folder: Path) -> "Hold":
        """Hold the folder until ``release``.

        Raises
        ------
        ConfigError
            Another process holds it, which the sentence names, or it is no folder at all.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "desk.lock", thread_local=False)
            lock.acquire(timeout=0)
        except Timeout:
            raise ConfigError(
                f"Another desk (process {_holder(folder / 'desk.json')}) already runs on {folder}. "
                "Use that one, stop it first, or set MARKETPULSE_DATA_DIR to another folder."
            ) from None
        except (FileExistsError, NotADirectoryError) as error:
            raise ConfigError(f"{_unwritable(folder, error)}.") from None
        except OSError as error:
            return cls(folder, None, _unwritable(folder, error))
        hold = cls(folder, lock)
        try:
            hold.announce("")
        except OSError as error:
            lock.release()
            return cls(folder, None, _unwritable(folder, error))
        return hold

    def announce(self, url: str) -> None:
        """Note who has the folder and where it answers, for the command line."""
        if self._lock is not None:
            self._file.write_text(json.dumps({"pid": os.getpid(), "url": url}), encoding="utf-8")

    def release(self) -> None:
        """Let the folder go; again is harmless."""
        if self._lock is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
            self._lock.release()


def _unwritable(folder: Path, error: OSError) -> str:
    return f"The data folder {folder} cannot be written ({error.strerror})"


def _holder(file: Path) -> str:
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return "unknown"
