"""The verb ``risk``: what a file of returns says about tomorrow's loss, and how good that would have been."""

import argparse
from pathlib import Path
from typing import TextIO

import numpy as np

from marketpulse.cli.client import Said
from marketpulse.cli.csvfile import BAD, Lines, number, read_lines
from marketpulse.cli.output import as_json, table
from marketpulse.risk import (
    FEWEST,
    FIT_FEWEST,
    Backtest,
    Forecasts,
    Method,
    Pair,
    judge,
    loss_estimates,
    walk_forward,
)
from marketpulse.types import FloatArray

__all__ = ["read_returns", "risk"]

_NAMES = frozenset({"return", "returns", "ret", "r"})
_MOST = 100_000  # rows: beyond, a file is not of daily returns
_LONG, _SHORT = 1_000, 500
_ENOUGH = 250  # days to test on before a longer window is taken
_FITTED = (Method.FHS_GJR, Method.GJR_SKEWT)


def risk(args: argparse.Namespace, out: TextIO) -> int:
    """Print every method's value at risk, shortfall and backtest, and the headline's."""
    returns = read_returns(args.returns)
    level: float = args.level
    pairs = loss_estimates(returns, level)
    window = _window(len(returns))
    found = walk_forward(returns, level, window=window) if window else {}
    judged = {method: judge(forecasts, level) for method, forecasts in found.items()}
    rows = {method: _row(pairs[method], judged.get(method), window) for method in Method}
    headline = rows.pop(Method.HEADLINE) | {"method": str(pairs[Method.HEADLINE].var.method)}
    if args.json:
        said = {
            "returns": len(returns),
            "level": level,
            "window": window,
            "methods": {str(method): row for method, row in rows.items()},
            "headline": headline,
        }
        out.write(as_json(said))
        return 0
    names = ("var", "es", "rate", "p_kupiec", "p_christoffersen", "p_joint", "zone", "n")
    shown = [
        (name, *(_cell(row[key]) for key in names)) for name, row in [*rows.items(), ("headline", headline)]
    ]
    out.write(table(("method", *names), shown))
    notes = dict.fromkeys(str(row["note"]) for row in [*rows.values(), headline])
    out.writelines(f"{note}\n" for note in notes)
    return 0


def _window(n: int) -> int | None:
    """The longest window that leaves enough days to test on: a year, for the longest one."""
    if n >= _LONG + _ENOUGH:
        return _LONG
    return _SHORT if n >= _SHORT + FEWEST else FEWEST if n > FEWEST else None


def _row(pair: Pair, tested: Backtest | None, window: int | None) -> dict[str, object]:
    if tested is None:
        why = (
            "no backtest: too few returns"
            if window is None
            else f"no backtest with a window of {window} days"
        )
        tested = judge(Forecasts(np.empty(0), np.empty(0), np.empty(0)))
    else:
        why = tested.note.removeprefix("unknown: ")
    elsewhere = window is not None and window < FIT_FEWEST <= pair.var.n and pair.var.method in _FITTED
    if elsewhere and tested.n:
        why = "; ".join(
            filter(None, [f"backtest of {Method.EWMA_T}, as {window} days are too few for a fit", why])
        )
    unsure = tested.independence.note
    notes = [note for note in (pair.var.note, why, unsure if unsure != tested.note else "") if note]
    return {
        "var": pair.var.value,
        "es": pair.es.value,
        "rate": tested.rate,
        "p_kupiec": tested.kupiec.p_value,
        "p_christoffersen": tested.independence.p_value,
        "p_joint": tested.joint.p_value,
        "zone": None if tested.zone is None else str(tested.zone),
        "n": tested.n,
        "error": pair.var.error,
        "note": "; ".join(notes),
    }


def _cell(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def read_returns(path: Path) -> FloatArray:
    """Read a CSV of returns, oldest first: its column of that name, or else its last column.

    A first row that is no number is a header. A cell that is empty, NaN or infinite is kept as it
    is, so that the answer is unknown rather than silently without that day.

    Units
    -----
    Those of the file; fractions are expected.

    NaN rule
    --------
    As above.

    References
    ----------
    RFC 4180.

    Examples
    --------
    >>> read_returns(Path("no such file"))
    Traceback (most recent call last):
    marketpulse.cli.client.Said: no such file is not there.
    """
    rows = read_lines(path)
    if len(rows) > _MOST:
        raise Said(BAD, f"{path} has {len(rows)} rows; more than {_MOST} are not read.")
    at, rows = _column(rows)
    return np.array([number(path, line, row, at) for line, row in rows], np.float64)


def _column(rows: Lines) -> tuple[int, Lines]:
    """Which column holds the returns, and the rows below the header."""
    if not rows:
        return -1, rows
    first = [cell.strip().lower() for cell in rows[0][1]]
    named = [i for i, cell in enumerate(first) if cell in _NAMES]
    if named:
        return named[0], rows[1:]
    try:
        float(first[-1] or "nan")
    except ValueError:
        return -1, rows[1:]
    return -1, rows
