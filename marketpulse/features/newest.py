"""The newest row of the full table, from the bars that it rests on only, of many instruments side by side.

The formulas are those of ``full``, which work on one column of bars or on several: a call of numpy on
twenty columns takes hardly longer than on one, and such calls are what a row costs.
"""

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from marketpulse.features.around import ALONE, Around, Depth, sound, sound_rows
from marketpulse.features.full import DEFINITIONS, NAMES, TAIL
from marketpulse.features.windows import blank
from marketpulse.features.work import Work
from marketpulse.types import Bars, FloatArray, Interval

__all__ = ["newest", "newest_of"]

_YEAR, _QUARTER, _MONTH = 253, 64, 22
_ABREAST = 10
"""Instruments at once: enough to share the calls, few enough to stay in the processor's cache."""

_ROWS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("macd", "adx_14", "direction_14", "rsi_14", "atr_14"), TAIL)
    | dict.fromkeys(
        ("momentum_126", "momentum_252", "momentum_12_1", "trend_200", "high_252", "volume_5_252"), _YEAR
    )
    | dict.fromkeys(("slope_21", "bollinger_20"), _MONTH)
)
"""Bars that the newest value rests on, where not 64: Wilder's averages remember all, ever less."""

_WITHIN: Mapping[int, list[int]] = MappingProxyType(
    {
        rows: [at for at, d in enumerate(DEFINITIONS) if _ROWS.get(d.name, _QUARTER) == rows]
        for rows in (TAIL, _YEAR, _QUARTER, _MONTH)
    }
)
"""Columns by the bars that they rest on."""


def newest(bars: Bars, beside: Around = ALONE, depth: Depth | None = None) -> FloatArray:
    """The last row of ``full.table``, from the last 480 bars only: what older ones add is below 1e-9.

    Units
    -----
    As ``full.table``.

    References
    ----------
    As ``full.table``; what smoothing still remembers after n bars is .94**n (sigma) and (13/14)**n (Wilder).

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> up = np.exp(0.01 * np.arange(300.0))
    >>> bars = Bars("X", Interval.DAY, 86_400 * np.arange(300), up, up, up, up, np.ones(300), "tape")
    >>> newest(bars)[:2].round(3).tolist()
    [1.0, 1.414]
    """
    depths = {} if depth is None else {bars.symbol: depth}
    return newest_of({bars.symbol: bars}, beside, depths)[bars.symbol]


def newest_of(
    panel: Mapping[str, Bars], beside: Around = ALONE, depths: Mapping[str, Depth] | None = None
) -> dict[str, FloatArray]:
    """``newest`` of every instrument of a panel, to the bit.

    Parameters
    ----------
    panel : bars by symbol

    Units
    -----
    As ``full.table``.

    References
    ----------
    As ``newest``.

    Examples
    --------
    >>> newest_of({})
    {}
    """
    found = {symbol: blank(len(NAMES)) for symbol in panel}
    wholes = []
    for symbol, bars in panel.items():
        near = bars[-TAIL:] if len(bars) > TAIL else bars
        keep = sound_rows(near)
        if len(near) and keep[-1]:
            clean = near if keep.all() else sound(near)
            wholes.append(Work.of(clean, beside, (depths or {}).get(symbol)))
    for together in _abreast(wholes):
        for rows, columns in _WITHIN.items():
            last = together.last(rows)
            values = np.array([DEFINITIONS[at].of(last)[-1] for at in columns]).reshape(len(columns), -1)
            for symbol, value in zip(last.symbols, values.T, strict=True):
                found[symbol][columns] = value
    return found


def _abreast(wholes: list[Work]) -> list[Work]:
    """Those together that have equally many bars of one interval."""
    groups: defaultdict[tuple[int, Interval], list[Work]] = defaultdict(list)
    for whole in wholes:
        groups[len(whole.logs), whole.interval].append(whole)
    return [
        Work.abreast(group[at : at + _ABREAST])
        for group in groups.values()
        for at in range(0, len(group), _ABREAST)
    ]
