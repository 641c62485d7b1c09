"""The catalogue of classic indicators as the doors know it, and one of them drawn."""

from difflib import get_close_matches
from types import MappingProxyType

from marketpulse.errors import Refused
from marketpulse.features.classic import CATALOGUE, Pane, draw
from marketpulse.types import Bars, Drawing, IndicatorOffer

__all__ = ["HISTORY", "drawing", "offers"]

HISTORY = 1_500
"""Bars that every drawing is computed from: an average then never depends on how many are shown."""


def offers() -> tuple[IndicatorOffer, ...]:
    """Every indicator that a chart can ask for, those over the price first."""
    return tuple(
        IndicatorOffer(name, one.words, one.pane is Pane.BELOW, one.lines, one.source)
        for name, one in sorted(CATALOGUE.items(), key=lambda entry: entry[1].pane is Pane.BELOW)
    )


def drawing(bars: Bars, name: str, n: int) -> Drawing:
    """Compute one indicator on all bars and keep its newest ``n``.

    Raises
    ------
    Refused
        ``UNKNOWN_INDICATOR``, with the nearest name.

    Examples
    --------
    >>> import numpy as np
    >>> from marketpulse.types import Interval
    >>> up = np.arange(1.0, 41.0)
    >>> bars = Bars("X", Interval.DAY, np.arange(40), up, up, up, up, np.ones(40), "tape")
    >>> drawn = drawing(bars, "sma_20", 2)
    >>> drawn.time.tolist(), drawn.lines["sma_20"].tolist()
    ([38, 39], [29.5, 30.5])
    """
    if name not in CATALOGUE:
        raise Refused("UNKNOWN_INDICATOR", _unknown(name))
    lines = {line: values[-n:] for line, values in draw(bars, [name]).items()}
    return Drawing(name, bars.time[-n:], MappingProxyType(lines))


def _unknown(name: str) -> str:
    near = get_close_matches(name[:40], CATALOGUE, n=2)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"The chart has no indicator of this name.{hint}"
