"""The gates that look at the whole book with a buy in it, working buys counted as if they had filled.

Only buys are refused: on a desk that is never short every sale makes the book smaller. Every
comparison is written so that NaN fails it.
"""

from collections.abc import Mapping
from math import inf, isfinite

from marketpulse.risk.limits import POSITION
from marketpulse.risk.prospect import Prospect, Standing
from marketpulse.types import Check

__all__ = [
    "CLUSTER",
    "DRAWDOWN",
    "GROSS",
    "HALF",
    "SHORTFALL",
    "cluster",
    "drawdown",
    "gross",
    "red_zone",
    "shortfall",
]

SHORTFALL = 0.03
"""Largest 1-day 99 % expected shortfall, a fraction of equity."""

CLUSTER = 0.30
"""Largest value of names that move together, a fraction of equity."""

GROSS = 1.0
"""Largest value of all that is held, a fraction of equity, where the setting says nothing else."""

DRAWDOWN = 0.15
"""Fall from the highest equity at which the size of a signal is 0."""

HALF = 0.5
"""What the red zone leaves of a position's limit."""

_ROUNDING = 1e-9
_WITHIN = Check("GROSS_LIMIT", "Gross", passed=True, sentence="All that would be held is within equity.")


def _share(value: float | None, equity: float | None) -> float:
    """A fraction of equity; infinite where one of them is not known, so that no limit lets it pass."""
    known = equity is not None and isfinite(equity) and equity > 0 and value is not None and isfinite(value)
    return value / equity if known and equity and value is not None else inf


def _compared(code: str, label: str, share: float, most: float, words: tuple[str, str, str]) -> Check:
    """``words``: what it is, what happens beyond it, and why it is not known."""
    what, beyond, unknown = words
    known = isfinite(share)
    passed = share <= most + _ROUNDING
    verb = "stays within" if passed else beyond
    sentence = f"{what} {verb} {most:.1%} of equity." if known else unknown
    shown = f"{share:.1%}" if known else "unknown"
    return Check(code, label, passed, sentence, shown, f"{most:.1%}", share / most if known else None)


def shortfall(after: Prospect, equity: float | None, *, unread: bool = False) -> Check:
    """Compare the mean loss of the worst days with 3 % of equity.

    Parameters
    ----------
    unread : no daily bar of anything has been read since the start, so nothing can be known yet
    """
    if unread:
        sentence = (
            "The expected shortfall is not known before daily bars have been read; that refuses nothing."
        )
        return Check("ES_LIMIT", "ES 99 %, 1 d", passed=True, sentence=sentence)
    share = _share(after.es, equity)
    why = (
        f"The expected shortfall is {after.note}; nothing is bought on that."
        if after.es is None
        else "The expected shortfall cannot be compared, because equity is not known."
    )
    words = (f"The mean loss of the worst 1 % of days, {share:.2%} of equity," if isfinite(share) else "",
             "would exceed", why)  # fmt: skip
    return _compared("ES_LIMIT", "ES 99 %, 1 d", share, SHORTFALL, words)


def gross(
    values: Mapping[str, float], equity: float | None, most: float = GROSS, *, brief: bool = False
) -> Check:
    """Compare the value of all that would be held with equity; ``brief`` leaves the numbers out where it passes."""
    share = _share(sum(map(abs, values.values())), equity)
    if brief and share <= most + _ROUNDING:
        return _WITHIN
    words = ("All that would be held", "would exceed", "The whole value is not known.")
    return _compared("GROSS_LIMIT", "Gross", share, most, words)


def cluster(
    symbol: str, values: Mapping[str, float], equity: float | None, standing: Standing
) -> Check | None:
    """Compare names that move together with 30 % of equity; None where the symbol moves by itself."""
    group = standing.cluster(symbol)
    if len(group) == 1:
        return None
    share = _share(sum(values.get(name, 0.0) for name in group), equity)
    named = ", ".join(group[:4]) + (f" and {len(group) - 4} more" if len(group) > 4 else "")  # noqa: PLR2004 - four names fit
    words = (f"What moves with {symbol} ({named})", "would exceed", "The value of the group is not known.")
    return _compared("CLUSTER_LIMIT", "Moves together", share, CLUSTER, words)


def red_zone(symbol: str, value: float, equity: float | None) -> Check:
    """Compare a position with half its limit, while the headline is in the red zone."""
    share = _share(value, equity)
    words = (
        f"In the red zone {symbol}",
        "is refused above half the usual limit,",
        "Half the usual limit cannot be compared, because equity is not known.",
    )
    return _compared("RED_ZONE", "Red zone", share, POSITION * HALF, words)


def drawdown(fall: float | None) -> Check:
    """Compare the fall from the highest equity with the one at which sizes become 0; it warns only.

    What refuses after a fall is a protection, which a person can lift: a limit could never be left again.
    """
    known = fall is not None and isfinite(fall)
    passed = known and fall is not None and fall < DRAWDOWN
    shown = f"{fall:.1%}" if known else "unknown"
    if not known:
        sentence = "The fall from the highest equity is not known, because equity is not."
    elif passed:
        sentence = f"Equity is {shown} below its highest; the size of a signal falls to 0 at {DRAWDOWN:.0%}."
    else:
        sentence = f"Equity is {shown} below its highest: from {DRAWDOWN:.0%} on no signal is worth a size."
    use = fall / DRAWDOWN if known and fall is not None else None
    return Check("DRAWDOWN", "Drawdown", passed, sentence, shown, f"{DRAWDOWN:.0%}", use, advisory=True)
