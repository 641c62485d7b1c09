"""How a gate says yes or no, and how it writes a number."""

from decimal import Decimal

from marketpulse.types import Check

__all__ = ["good", "granted", "plain", "refused"]

_DIGITS = 20


def granted(code: str, label: str, sentence: str) -> Check:
    """Make the check of a gate that says the same each time it passes."""
    return Check(code, label, passed=True, sentence=sentence)


def refused(code: str, label: str, sentence: str, value: str = "", limit: str = "") -> Check:
    """Make a check that refuses, with value against limit where there are numbers."""
    return Check(code, label, passed=False, sentence=sentence, value=value, limit=limit)


def plain(number: Decimal) -> str:
    """Decimal text without an exponent, unless that would be a line of zeros."""
    if abs(number.adjusted()) > _DIGITS or len(number.as_tuple().digits) > _DIGITS:
        return f"{number:.6E}"
    return f"{number.normalize():f}"


def good(number: object, most: Decimal) -> bool:
    """Tell a usable Decimal from anything else: a float, a bool, text, NaN, infinity, zero, a huge one."""
    return isinstance(number, Decimal) and number.is_finite() and 0 < number <= most
