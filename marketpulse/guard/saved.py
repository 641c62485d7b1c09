"""What a provider's guards keep over a restart: one JSON text, read back field by field.

Nothing of a key is in it: only a keyed hash under a random salt, enough to see that the key changed.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from math import isfinite
from typing import Any

from marketpulse.guard.breaker import BreakerState
from marketpulse.guard.budget import BudgetMemo

__all__ = ["CellMemo", "Credential", "Saved", "read", "write"]

_VERSION = 1
_LONGEST = 100_000  # characters of a text that is looked at
_MOST_CALLS = 1_000_000_000
_STATES = {state.value: state for state in BreakerState}


class Credential:
    """A key that can be compared with an earlier one and never be told."""

    def __init__(self, owner: str, secret: str) -> None:
        self.given = bool(secret.strip())
        self._mark = hmac.digest(f"marketpulse {owner}".encode(), secret.encode(), sha256)

    def digest(self, salt: bytes) -> str:
        """Return a hexadecimal digest under ``salt``, empty without a key."""
        return hmac.digest(salt, self._mark, sha256).hex() if self.given else ""

    def matches(self, salt: bytes, digest: str) -> bool:
        """Whether there is a key and it is the one of ``digest``."""
        return self.given and hmac.compare_digest(self.digest(salt), digest)


@dataclass(frozen=True, slots=True)
class CellMemo:
    """One cell's breaker.

    Attributes
    ----------
    until : end of its rest by the wall clock, aware UTC; None unless it was resting
    opened : times it opened in a row
    last_good : when it last answered well, by the desk's clock; None before that
    """

    state: BreakerState
    until: datetime | None
    opened: int
    last_good: datetime | None


@dataclass(frozen=True, slots=True)
class Saved:
    """One provider; ``digest`` is that of its key under ``salt``, ``refused`` says that the key was."""

    salt: bytes
    digest: str
    refused: bool
    budget: BudgetMemo | None
    cells: dict[str, CellMemo]


def write(
    credential: Credential, *, refused: bool, budget: BudgetMemo | None, cells: dict[str, CellMemo]
) -> str:
    """Return the text of one provider's state, the key's digest under a fresh salt."""
    salt = secrets.token_bytes(16)
    fields: dict[str, object] = {
        "version": _VERSION,
        "salt": salt.hex(),
        "credential": credential.digest(salt),
        "refused": refused,
        "cells": {name: _cell_fields(memo) for name, memo in cells.items()},
    }
    if budget is not None:
        fields["budget"] = {
            "day": budget.day.isoformat(),
            "used": budget.used,
            "until": _text(budget.until),
            "pause": budget.pause,
        }
    return json.dumps(fields, allow_nan=False)


def read(text: str) -> Saved:
    """Read a text of ``write``.

    Raises
    ------
    ValueError
        It is not one; nothing of it is to be used.
    """
    try:
        return _saved(json.loads(text)) if len(text) <= _LONGEST else _refuse()
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"a saved state could not be read ({type(error).__name__})") from None


def _refuse() -> Saved:
    raise ValueError


def _saved(fields: dict[str, Any]) -> Saved:
    if fields["version"] != _VERSION or not isinstance(fields["refused"], bool):
        raise ValueError
    budget = fields.get("budget")
    digest = fields["credential"]
    if len(bytes.fromhex(digest)) not in {0, sha256().digest_size}:
        raise ValueError
    return Saved(
        bytes.fromhex(fields["salt"]),
        digest,
        fields["refused"],
        None if budget is None else _budget(budget),
        {str(name): _cell(cell) for name, cell in fields["cells"].items()},
    )


def _budget(fields: dict[str, Any]) -> BudgetMemo:
    pause = float(fields["pause"])
    if not isfinite(pause) or pause < 0.0:
        raise ValueError
    return BudgetMemo(
        date.fromisoformat(fields["day"]), _count(fields["used"]), _time(fields["until"]), pause
    )


def _cell(fields: dict[str, Any]) -> CellMemo:
    return CellMemo(
        _STATES[fields["state"]], _time(fields["until"]), _count(fields["opened"]), _time(fields["last_good"])
    )


def _cell_fields(memo: CellMemo) -> dict[str, object]:
    return {
        "state": memo.state.value,
        "until": _text(memo.until),
        "opened": memo.opened,
        "last_good": _text(memo.last_good),
    }


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_CALLS:
        raise ValueError
    return value


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(value: str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)
