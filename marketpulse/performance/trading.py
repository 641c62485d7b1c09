"""How much was traded over a record of equity, and how often a year that turns the account over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite, nan

from marketpulse.performance.market import turnover
from marketpulse.performance.ratios import SHARES

__all__ = ["NOTHING_TRADED", "Traded", "traded", "yearly_turnover"]


@dataclass(frozen=True, slots=True)
class Traded:
    """What was bought and sold over a record.

    Attributes
    ----------
    bought, sold : money, positive
    equity : mean over the days; 0 where there are none
    days : of the record
    """

    bought: float = 0.0
    sold: float = 0.0
    equity: float = 0.0
    days: int = 0


NOTHING_TRADED = Traded()


def traded(moves: Iterable[tuple[date, float]], daily: Sequence[tuple[date, float]]) -> Traded:
    """Sum purchases and sales on the days of a record of equity.

    Parameters
    ----------
    moves : (day, money), a purchase positive and a sale negative
    daily : (day, equity at its end), oldest first; what was traded before the first day is left out

    Units
    -----
    The unit of both, one currency.

    NaN rule
    --------
    Money that is not finite makes its sum NaN; an equity that is not finite makes the mean NaN.

    References
    ----------
    U.S. Securities and Exchange Commission, Form N-1A, item 13: purchases and sales over the period,
    and the mean value of what is owned.

    Examples
    --------
    >>> days = [(date(2012, 6, 1), 90.0), (date(2012, 6, 4), 110.0)]
    >>> traded([(date(2012, 5, 31), 7.0), (date(2012, 6, 1), 50.0), (date(2012, 6, 4), -20.0)], days)
    Traded(bought=50.0, sold=20.0, equity=100.0, days=2)
    """
    if not daily:
        return Traded()
    first, bought, sold = daily[0][0], 0.0, 0.0
    for day, money in moves:
        if day < first:
            continue
        if money < 0.0:
            sold -= money
        else:
            bought += money  # NaN too, so that it is seen
    mean = sum(worth for _, worth in daily) / len(daily)
    return Traded(bought, sold, mean, len(daily))


def yearly_turnover(record: Traded, periods: int = SHARES) -> float:
    """How often a year the account is traded over, by the smaller of purchases and sales.

    Parameters
    ----------
    periods : days a year: 252 for shares, 365 for coins

    Units
    -----
    Times a year.

    NaN rule
    --------
    As ``turnover``; a record of one day is none.

    References
    ----------
    As ``turnover``.

    Examples
    --------
    >>> yearly_turnover(Traded(50_000.0, 30_000.0, 100_000.0, 126))
    0.6
    """
    known = all(isfinite(number) for number in (record.bought, record.sold, record.equity))
    if not known or record.days < 2:  # noqa: PLR2004 - one day is no period
        return nan
    return turnover(record.bought, record.sold, record.equity, record.days, periods)
