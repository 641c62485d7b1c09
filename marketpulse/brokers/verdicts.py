"""What a venue's refusal means for an order: by ccxt's class and the venue's own number together.

ccxt's class alone is no guide: Bybit's "creation timed out" arrives as InvalidOrder, as a refusal would,
and Binance's "duplicate" arrives as the same class although the order is there. So a refusal counts
as what a table says only where class and number both fit; everything else is in doubt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Failure", "Outcome", "Row", "Verdict", "failure_of", "judge", "rejects", "wait_told"]

_LONGEST = 3 * 86_400.0  # seconds; Binance's longest ban


class Outcome(StrEnum):
    """What is certain after a call that failed."""

    REJECTED = "rejected"  # refused for good
    THERE = "there"  # the venue has an order of this name already
    ABSENT = "absent"  # the venue has no such order now
    THROTTLED = "throttled"  # turned away unread
    SKEWED = "skewed"  # turned away unread: its time was not the venue's
    LOGIN = "login"  # turned away unread: the key was refused
    UNCERTAIN = "uncertain"  # nothing is certain


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome; ``code`` and ``sentence`` of a rejection, ``pause`` in seconds where none was told."""

    outcome: Outcome
    code: str = ""
    sentence: str = ""
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a venue's table.

    Attributes
    ----------
    number : the venue's, as text; empty where its answer held none
    kinds : names of ccxt's classes, compared exactly
    says : what must stand in the venue's sentence, in lower case; empty for any
    """

    number: str
    kinds: frozenset[str]
    verdict: Verdict
    says: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of a call that failed; ``text`` may hold a signature and is only searched.

    Attributes
    ----------
    wait : seconds the venue asked for, None where it named none
    """

    kind: str
    number: str
    text: str
    wait: float | None

    def __repr__(self) -> str:
        return f"Failure({self.kind}, {self.number or 'no number'})"


def rejects(number: str, kinds: str, code: str, sentence: str, says: str = "") -> Row:
    """Build a line for a refusal that is final; ``kinds`` are names with spaces between."""
    return Row(number, frozenset(kinds.split()), Verdict(Outcome.REJECTED, code, sentence), says)


def judge(failure: Failure, rows: Iterable[Row]) -> Verdict:
    """Return what the first fitting line says; without one nothing is certain."""
    text = failure.text.lower()
    for row in rows:
        if row.number == failure.number and failure.kind in row.kinds and row.says in text:
            return row.verdict
    return Verdict(Outcome.UNCERTAIN)


def failure_of(error: Exception, body: Any, headers: Mapping[str, Any] | None, now: float) -> Failure:
    """Read what is known of a failed call.

    ccxt's own text leaves the number out where it recognised the venue's sentence, so the number is
    read from the answer itself.

    Parameters
    ----------
    body, headers : of the answer to this very call, None where none came
    now : seconds since 1970
    """
    number = ""
    if isinstance(body, dict):
        told = body.get("code", body.get("retCode"))
        number = str(told) if isinstance(told, int | str) and not isinstance(told, bool) else ""
    return Failure(type(error).__name__, number, str(error), wait_told(headers, now))


def wait_told(headers: Mapping[str, Any] | None, now: float) -> float | None:
    """Return the seconds a refusal's headers ask for, None where they name none.

    Binance sends ``Retry-After`` (seconds), Bybit ``X-Bapi-Limit-Reset-Timestamp`` (ms since 1970).
    """
    found = {str(key).lower(): value for key, value in (headers or {}).items()}
    try:
        if "retry-after" in found:
            wait = float(found["retry-after"])
        else:
            wait = float(found["x-bapi-limit-reset-timestamp"]) / 1000.0 - now
    except (KeyError, TypeError, ValueError):
        return None
    return min(wait, _LONGEST) if wait > 0 else None
