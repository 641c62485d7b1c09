"""What the present book would lose if a bad time came again, in the moves of those days.

A name that has prices of the time moves as it really moved, adjusted for splits and dividends. Any
other moves with its index by its beta, and is named for it. Where the desk does not hold the index of
the time either, its published fall is taken, and the scenario says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from math import isfinite, nan
from types import MappingProxyType

import numpy as np

from marketpulse.types import AssetClass, Bars, Instrument, StressLoss

__all__ = ["SCENARIOS", "Scenario", "Shock", "read_scenarios", "shocks", "stressed"]

INDEX, COIN = "^GSPC", "BTC/USDT"
_GAP = 5 * 86_400  # seconds that a bar may lie before the day that is meant: holidays
_NEWEST = 500  # returns from which a beta is taken
_FEWEST = 60
_DAY = 86_400
_LARGEST = 10.0  # 1000 %: more is a slip of the keyboard


@dataclass(frozen=True, slots=True)
class Scenario:
    """A bad time, or a made-up one.

    Attributes
    ----------
    start, end : last close before it, and the close at its end; None of a made-up one
    market, coins : published move of the S&P 500 and of bitcoin, fractions; None leaves coins to their beta
        to the market
    names : moves of single names that a person has set
    """

    name: str
    market: float
    coins: float | None = None
    start: date | None = None
    end: date | None = None
    about: str = ""
    names: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


SCENARIOS = (
    Scenario("1987, one day", -0.205, None, date(1987, 10, 16), date(1987, 10, 19)),
    Scenario("2000 to 2002", -0.491, None, date(2000, 3, 24), date(2002, 10, 9)),
    Scenario("2007 to 2009", -0.568, None, date(2007, 10, 9), date(2009, 3, 9)),
    Scenario("2020, Feb 19 to Mar 23", -0.339, -0.39, date(2020, 2, 19), date(2020, 3, 23)),
    Scenario("2022, rates up", -0.254, -0.59, date(2022, 1, 3), date(2022, 10, 12)),
    Scenario("Crypto winter 2022", -0.16, -0.77, date(2021, 11, 10), date(2022, 11, 21)),
    Scenario(
        "Rates +100 bp",
        -0.094,
        -0.22,
        about="assumed: a 2.7th of 2022, when ten-year rates rose by 2.7 points",
    ),
)
"""What every book is run through."""


@dataclass(frozen=True, slots=True, eq=False)
class Shock:
    """A scenario as moves of all that can be held, fractions.

    Attributes
    ----------
    own : names moved as they really moved
    assumed : names moved by a beta of 1, for none could be measured
    """

    name: str
    moves: Mapping[str, float]
    own: frozenset[str]
    assumed: frozenset[str]
    about: str


def shocks(
    bars: Mapping[str, Bars],
    instruments: Mapping[str, Instrument],
    index: Bars | None,
    scenarios: Sequence[Scenario] = SCENARIOS,
) -> tuple[Shock, ...]:
    """Turn scenarios into moves of every name; pure.

    Parameters
    ----------
    bars : daily bars by symbol, closed, adjusted, oldest first
    index : of the S&P 500; None takes its published moves
    """
    coin = bars.get(COIN)
    names = [i for i in instruments.values() if i.tradable]
    to_market = {i.symbol: _beta(bars.get(i.symbol), index) for i in names}
    to_coin = {i.symbol: _beta(bars.get(i.symbol), coin) for i in names if i.asset_class is AssetClass.CRYPTO}
    to_coin[COIN] = 1.0
    return tuple(_shock(one, bars, names, (index, coin), (to_market, to_coin)) for one in scenarios)


_Betas = tuple[Mapping[str, float | None], Mapping[str, float | None]]


def _shock(
    scenario: Scenario,
    bars: Mapping[str, Bars],
    names: Sequence[Instrument],
    indices: tuple[Bars | None, Bars | None],
    betas: _Betas,
) -> Shock:
    held = [None if one is None else _move(one, scenario) for one in indices]
    market = scenario.market if held[0] is None else held[0]
    coins = scenario.coins if held[1] is None else held[1]
    moves: dict[str, float] = {}
    own, assumed = set(), set()
    for instrument in names:
        symbol = instrument.symbol
        if symbol in scenario.names:
            moves[symbol] = scenario.names[symbol]
            own.add(symbol)
            continue
        real = _move(bars[symbol], scenario) if symbol in bars else None
        if real is not None:
            moves[symbol] = real
            own.add(symbol)
            continue
        by_coin = instrument.asset_class is AssetClass.CRYPTO and coins is not None
        beta = betas[1 if by_coin else 0].get(symbol)
        if beta is None:
            beta = 1.0
            assumed.add(symbol)
        moves[symbol] = max(-1.0, beta * (coins if by_coin and coins is not None else market))
    about = scenario.about or ("the index's published fall" if held[0] is None else "prices of the time")
    return Shock(scenario.name, MappingProxyType(moves), frozenset(own), frozenset(assumed), about)


def _move(bars: Bars, scenario: Scenario) -> float | None:
    """The name's own move from the close at the start to the close at the end, None without both."""
    if scenario.start is None or scenario.end is None or not len(bars):
        return None
    prices = [_close(bars, day) for day in (scenario.start, scenario.end)]
    if prices[0] is None or prices[1] is None:
        return None
    move = prices[1] / prices[0] - 1.0
    return move if isfinite(move) else None


def _close(bars: Bars, day: date) -> float | None:
    at = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    row = int(np.searchsorted(bars.time, at + _DAY)) - 1
    if row < 0 or at - int(bars.time[row]) > _GAP:
        return None
    close = float(bars.close[row])
    return close if isfinite(close) and close > 0 else None


def _beta(bars: Bars | None, index: Bars | None) -> float | None:
    """Slope of daily returns on the index's over the newest days that both have; None for too few."""
    if bars is None or index is None:
        return None
    days, mine, theirs = np.intersect1d(bars.time, index.time, assume_unique=True, return_indices=True)
    if len(days) <= _FEWEST:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = (np.diff(np.log(b.close[at[-_NEWEST - 1 :]])) for b, at in ((index, theirs), (bars, mine)))
    spread = float(np.var(x))
    slope = float(np.mean((x - x.mean()) * (y - y.mean()))) / spread if spread > 0 else np.nan
    return slope if isfinite(slope) else None


def stressed(
    found: Sequence[Shock], values: Mapping[str, float], order: tuple[str, float] | None = None
) -> tuple[StressLoss, ...]:
    """Run a book through every scenario; pure.

    Parameters
    ----------
    values : market value by symbol, base currency; NaN is unknown
    order : a symbol and what an order adds to its value

    Units
    -----
    Base currency.

    NaN rule
    --------
    A value that is not known makes the result unknown, and names it.

    References
    ----------
    Basel Committee (2018), Stress testing principles.

    Examples
    --------
    >>> shock = Shock("fall", {"A": -0.5, "B": -0.1}, frozenset({"A"}), frozenset({"B"}), "")
    >>> one = stressed([shock], {"A": 100.0}, ("B", 50.0))[0]
    >>> one.pnl, one.after, one.own, one.mapped
    (-50.0, -55.0, ('A',), ('B by a beta of 1',))
    """
    held = {symbol: value for symbol, value in values.items() if value}
    seen = tuple(held) if order is None or order[0] in held else (*held, order[0])
    return tuple(_line(shock, held, order, _named(shock, seen)) for shock in found)


def _line(
    shock: Shock,
    held: Mapping[str, float],
    order: tuple[str, float] | None,
    named: tuple[tuple[str, ...], tuple[str, ...]],
) -> StressLoss:
    moves, total, unknown = shock.moves, 0.0, []
    for symbol, value in held.items():
        gain = value * moves.get(symbol, nan)
        total += gain
        if not isfinite(gain):
            unknown.append(symbol)
    after = nan if order is None else total + order[1] * moves.get(order[0], nan)
    pnl, then = (number if isfinite(number) else None for number in (total, after))
    return StressLoss(shock.name, pnl, *named, tuple(unknown), shock.about, then)


@lru_cache(maxsize=256)
def _named(shock: Shock, seen: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that moved by themselves, and those that were mapped."""
    own = tuple(s for s in seen if s in shock.own)
    mapped = (f"{s} by a beta of 1" if s in shock.assumed else s for s in seen if s not in shock.own)
    return own, tuple(mapped)


def read_scenarios(
    text: str, known: Mapping[str, Instrument]
) -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """Read ``Chips fall: NVDA -30, market -5; Coins halve: coins -50``; moves are in percent.

    Returns
    -------
    tuple of Scenario
        Those that could be read.
    tuple of str
        One sentence for each that could not.

    Examples
    --------
    >>> read_scenarios("Coins halve: coins -50", {})[0][0].coins
    -0.5
    >>> read_scenarios("x", {})[1]
    ('A scenario is written as NAME: SYMBOL -10, market -5, coins -20; one was left out.',)
    """
    made, problems = [], []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, colon, moves = part.partition(":")
        read = _moves(moves, known) if colon and name.strip() else None
        if read is None:
            problems.append(
                "A scenario is written as NAME: SYMBOL -10, market -5, coins -20; one was left out."
            )
            continue
        coins, market = read.pop("coins", None), read.pop("market", 0.0)
        made.append(
            Scenario(name.strip()[:40], market, coins, about="your own", names=MappingProxyType(read))
        )
    return tuple(made), tuple(problems)


def _moves(text: str, known: Mapping[str, Instrument]) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for part in text.split(","):
        what, _, percent = part.strip().rpartition(" ")
        word = what.strip()
        symbol = word.lower() if word.lower() in {"market", "coins"} else word.upper().replace("-", "/")
        symbol = word.upper() if word.upper() in known else symbol
        try:
            move = float(percent.rstrip("%")) / 100
        except ValueError:
            return None
        if not (-1.0 <= move <= _LARGEST) or (symbol not in known and symbol not in {"market", "coins"}):
            return None
        found[symbol] = move
    return found
