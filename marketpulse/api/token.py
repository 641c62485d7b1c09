"""The one secret of the REST door: made at first start, kept in a file only its owner can read."""

import os
import secrets
import tempfile
from pathlib import Path

from marketpulse.errors import ConfigError

__all__ = ["FILE_NAME", "api_token"]

FILE_NAME = "api-token"
_BYTES = 32
_SHORTEST = 32


def api_token(data_dir: Path) -> str:
    """Return the token in ``data_dir``, made now if there is none; the file has mode 600.

    Raises
    ------
    ConfigError
        The file can be neither read nor written.
    """
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.chmod(0o600)
            held = path.read_text(encoding="ascii", errors="replace").strip()
            if len(held) >= _SHORTEST and held.isascii() and held.isprintable():
                return held
            path.unlink()
        return _make(path)
    except OSError as error:
        raise ConfigError(f"The data folder {data_dir} cannot be used ({error.strerror}).") from None


def _make(path: Path) -> str:
    """Write a fresh token beside the place, then link it there: a crash leaves all of it or nothing.

    Of two processes that start at once, the later one takes the token of the earlier.
    """
    made = secrets.token_urlsafe(_BYTES)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=FILE_NAME)  # mkstemp gives mode 600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    finally:
        Path(temporary).unlink()
    return made
