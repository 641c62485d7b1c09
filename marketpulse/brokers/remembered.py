"""Which account each venue's keys opened last time, so that its events count while the venue is silent."""

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

__all__ = ["Remembered"]

_FILE = "accounts.json"


class Remembered:
    """Account ids by venue, in a file beside the ledger; another key's id is not recalled.

    Parameters
    ----------
    home : the folder of the ledger
    """

    def __init__(self, home: Path) -> None:
        self._file = home / _FILE

    def recall(self, broker: str, key: str) -> str | None:
        """Return the account that this key opened when it last told, None if it never did."""
        row = self._rows().get(broker, {})
        return row["account_id"] if row.get("key") == _mark(key) and row.get("account_id") else None

    def keep(self, broker: str, key: str, account_id: str) -> None:
        """Remember whose account the key opens; a file that cannot be written is asked for again next time."""
        rows = self._rows() | {broker: {"account_id": account_id, "key": _mark(key)}}
        part = self._file.with_suffix(".part")
        with suppress(OSError):
            part.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            part.replace(self._file)

    def _rows(self) -> dict[str, dict[str, str]]:
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(rows, dict):
            return {}
        return {name: row for name, row in rows.items() if isinstance(row, dict)}


def _mark(key: str) -> str:
    """Recognise a key without keeping it."""
    return sha256(f"account of {key}".encode()).hexdigest()[:16]
