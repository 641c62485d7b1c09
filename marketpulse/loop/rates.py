"""What one unit of each currency is worth in the base currency, from prices the desk has anyway.

A pair ``A/B`` says what an A is worth in B, and so does a provider's ``AAABBB=X``; one is followed after
the other until the base currency is reached. A price that is stale or disputed says nothing: then the
rate is unknown, and so is whatever has to be converted by it. One USDT is assumed to be one US dollar, and
every rate that rests on that says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from types import MappingProxyType

from marketpulse.types import AssetClass, Instrument, MarketDatum, Rate

__all__ = ["ASSUMED", "exchange_rates", "rate_instruments"]

ASSUMED = "assumed 1:1"
"""The source of a rate that nobody told."""

_DOLLARS = ("USD", "USDT")
_QUOTED = "=X"
_LETTERS = 3
_CALENDAR = "XNYS"  # so a rate is asked for all day, and counts until it is older than New York's last close
_NOWHERE = "no price that leads there"


@dataclass(frozen=True, slots=True)
class _Step:
    """One price that leads from a currency to another; ``age`` None is an assumption."""

    factor: float
    said: str
    age: float | None
    usable: bool


_Steps = Mapping[tuple[str, str], _Step]


def exchange_rates(base: str, wanted: Iterable[str], market: Mapping[str, MarketDatum]) -> Mapping[str, Rate]:
    """Return a rate for each wanted currency but the base; an unknown one says why in ``source``.

    Examples
    --------
    >>> exchange_rates("USD", ["USD", "USDT"], {})["USDT"]
    Rate(currency='USDT', value=1.0, source='assumed 1:1', age=None)
    >>> exchange_rates("USD", ["INR"], {})["INR"].value is None
    True
    """
    names = sorted(set(wanted) - {base})
    if not names:
        return MappingProxyType({})
    steps = _steps(market)
    good = {pair: step for pair, step in steps.items() if step.usable}
    return MappingProxyType({name: _rate(name, base, good, steps) for name in names})


def rate_instruments(known: Mapping[str, Instrument], base: str) -> Mapping[str, Instrument]:
    """Return the exchange rates that a live feed must follow for what is known: ``USDINR=X``.

    They are shown and measured like an index, and never ordered.
    """
    needed = {i.currency for i in known.values() if i.tradable and "/" not in i.symbol} | {"USD"}
    found = {}
    for currency in sorted(needed - {base}):
        symbol = f"{base}{currency}{_QUOTED}"
        if symbol not in known:
            found[symbol] = Instrument(
                symbol,
                f"{base} in {currency}",
                AssetClass.INDEX,
                currency,
                _CALENDAR,
                Decimal("0.0001"),
                Decimal(1),
            )
    return MappingProxyType(found)


def _steps(market: Mapping[str, MarketDatum]) -> dict[tuple[str, str], _Step]:
    steps: dict[tuple[str, str], _Step] = {}
    for here, there in (_DOLLARS, _DOLLARS[::-1]):
        steps[here, there] = _Step(1.0, ASSUMED, None, usable=True)
    for symbol, datum in market.items():
        price, (one, other) = datum.quote.price, _sides(symbol)
        if not one or not isfinite(price) or price <= 0:
            continue
        usable = not datum.stale and not datum.disputed
        said = f"{symbol} from {datum.quote.source}"
        for here, there, factor in ((one, other, price), (other, one, 1.0 / price)):
            old = steps.get((here, there))
            if old is None or (usable and not old.usable):
                steps[here, there] = _Step(factor, said, datum.age, usable)
    return steps


def _sides(symbol: str) -> tuple[str, str]:
    """Name both currencies of a pair or of a quoted exchange rate; empty for anything else."""
    if symbol.endswith(_QUOTED) and len(symbol) == 2 * _LETTERS + len(_QUOTED):
        return symbol[:_LETTERS], symbol[_LETTERS : 2 * _LETTERS]
    one, _, other = symbol.partition("/")
    return (one, other) if other else ("", "")


def _rate(name: str, base: str, good: _Steps, every: _Steps) -> Rate:
    way = _way(name, base, good)
    if not way:
        old = _way(name, base, every)
        blocked = [every[leg] for leg in pairwise(old) if not every[leg].usable]
        said = ", ".join(f"{step.said} is stale or disputed" for step in blocked) or _NOWHERE
        return Rate(name, None, said, max((s.age for s in blocked if s.age is not None), default=None))
    legs = [good[leg] for leg in pairwise(way)]
    value = 1.0
    for leg in legs:
        value *= leg.factor
    told = [leg.age for leg in legs if leg.age is not None]
    return Rate(name, value, ", ".join(leg.said for leg in legs), max(told, default=None))


def _way(name: str, base: str, steps: _Steps) -> tuple[str, ...]:
    """Return the shortest way from a currency to another, both ends included; empty where none leads."""
    onward: dict[str, list[str]] = {}
    for here, there in steps:
        onward.setdefault(here, []).append(there)
    seen = {name}
    ways: list[tuple[str, ...]] = [(name,)]
    while ways:
        further: list[tuple[str, ...]] = []
        for way in ways:
            if way[-1] == base:
                return way
            for there in onward.get(way[-1], []):
                if there not in seen:
                    seen.add(there)
                    further.append((*way, there))
        ways = further
    return ()
