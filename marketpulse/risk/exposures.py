"""Where the money lies: by class, sector and currency, net, with what is owed; each against its limit.

Only buys are refused: on a desk that is never short every sale makes each of these numbers smaller.
Every comparison is written so that NaN fails it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan

from marketpulse.risk import gates_book
from marketpulse.risk.currency import owed
from marketpulse.risk.liquidity import DAYS, SHARE, liquidity_days, liquidity_limit
from marketpulse.risk.sizing import Cap
from marketpulse.risk.verdict import granted
from marketpulse.types import Check, Instrument, Portfolio, Position, Rate
from marketpulse.types.risk import Exposures

__all__ = [
    "NO_SECTOR",
    "Bounds",
    "Group",
    "by_group",
    "caps",
    "exposures",
    "group_limit",
    "leverage_limit",
    "limits",
    "net_limit",
    "sector_of",
    "standing_limits",
]

NO_SECTOR = "no sector known"
"""The group of what nobody has named a sector of."""

_ROUNDING = 1e-9
_NET = granted("NET_LIMIT", "Net", "What would be held, less what is sold short, is within its limit.")
_LEVER = granted("LEVERAGE_LIMIT", "Leverage", "What is owned and owed is within its limit.")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of where money may lie, fractions of equity where nothing else is said.

    Attributes
    ----------
    gross, net : of all that is held, by size and by sign
    leverage : of what is owned, as a multiple of equity
    asset_class, sector, currency : of one class, one sector, one currency that is not the base
    liquidity_days : days in which one position could be sold
    volume_share : part of a usual day's volume that may be ours in such a sale
    """

    gross: float = gates_book.GROSS
    net: float = 1.0
    leverage: float = 1.5
    asset_class: float = 1.0
    sector: float = 1.0
    currency: float = 1.0
    liquidity_days: float = DAYS
    volume_share: float = SHARE


@dataclass(frozen=True, slots=True)
class Group:
    """One way to put instruments together, and the code of its limit."""

    code: str
    label: str
    words: str
    of: Callable[[Instrument], str]


def sector_of(instrument: Instrument) -> str:
    """Name the sector, or say that none is known."""
    return instrument.sector or NO_SECTOR


_CLASS = Group("CLASS_LIMIT", "Class", "All {} held", lambda instrument: instrument.asset_class.value)
_SECTOR = Group("SECTOR_LIMIT", "Sector", "The sector {}", sector_of)
_CURRENCY = Group("CURRENCY_LIMIT", "Currency", "What is held in {}", lambda instrument: instrument.currency)


def _share(value: float, equity: float | None) -> float:
    """A fraction of equity; infinite where one of them is not known, so that no limit lets it pass."""
    known = equity is not None and isfinite(equity) and equity > 0 and isfinite(value)
    return value / equity if known and equity else inf


def by_group(
    values: Mapping[str, float], instruments: Mapping[str, Instrument], of: Callable[[Instrument], str]
) -> dict[str, float]:
    """Sum values by group, in the order in which the groups are met.

    Parameters
    ----------
    values : by symbol, base currency
    of : names an instrument's group

    Units
    -----
    As ``values``.

    NaN rule
    --------
    A value that is not known makes its group unknown, and no other.

    References
    ----------
    None: a sum.

    Examples
    --------
    >>> by_group({}, {}, sector_of)
    {}
    """
    found: dict[str, float] = {}
    for symbol, value in values.items():
        if value:
            name = of(instruments[symbol])
            found[name] = found.get(name, 0.0) + value
    return found


def _levered(values: Mapping[str, float], equity: float | None, debt: float) -> float:
    """What is owned, a multiple of equity.

    That is equity with what is owed and what is sold short; at least what is held by size, since what
    working buys need beyond equity will have to be borrowed.
    """
    short = -sum(value for value in values.values() if not value >= 0.0)
    gross = sum(abs(value) for value in values.values())
    owned = nan if equity is None else equity + debt + short
    return max(_share(owned, equity), _share(gross, equity))


def net_limit(
    values: Mapping[str, float], equity: float | None, most: float = 1.0, *, brief: bool = False
) -> Check:
    """Compare what is held less what is sold short with equity; ``brief`` leaves the numbers out."""
    share = _share(sum(values.values()), equity)
    if brief and share <= most + _ROUNDING:
        return _NET
    words = ("All that would be held, less what is sold short,", "The net value is not known.")
    return _compared("NET_LIMIT", "Net", share, most, words)


def leverage_limit(
    values: Mapping[str, float], equity: float | None, debt: float, most: float = 1.5, *, brief: bool = False
) -> Check:
    """Compare what is owned with equity, as a multiple: 1 is an account that owes nothing.

    Parameters
    ----------
    debt : cash that is owed, base currency
    """
    times = _levered(values, equity, debt)
    passed = times <= most + _ROUNDING
    if brief and passed:
        return _LEVER
    known = isfinite(times)
    shown = f"{times:.2f}x" if known else "unknown"
    verb = "stays within" if passed else "would exceed"
    sentence = (
        f"What is owned, {shown} equity, {verb} {most:.2f}x."
        if known
        else "Leverage is not known, because equity, a price or a debt's rate is not."
    )
    room = most - 1.0 if most > 1.0 else most  # an account that owes nothing has used none of it
    use = max(0.0, times - 1.0 if most > 1.0 else times) / room if known and room > 0.0 else None
    return Check("LEVERAGE_LIMIT", "Leverage", passed, sentence, shown, f"{most:.2f}x", use)


def group_limit(
    group: Group, name: str, value: float, equity: float | None, most: float, *, brief: bool = False
) -> Check:
    """Compare what is held of one group with its limit."""
    share = _share(value, equity)
    if brief and share <= most + _ROUNDING:
        return granted(group.code, group.label, "It stays within its limit.")
    what = group.words.format(name)
    return _compared(group.code, group.label, share, most, (what, f"{what} is not known."))


def _compared(code: str, label: str, share: float, most: float, words: tuple[str, str]) -> Check:
    what, unknown = words
    known, passed = isfinite(share), share <= most + _ROUNDING
    verb = "stays within" if passed else "would exceed"
    sentence = f"{what} at {share:.1%} of equity {verb} {most:.0%}." if known else unknown
    shown = f"{share:.1%}" if known else "unknown"
    use = share / most if known and most > 0 else None
    return Check(code, label, passed, sentence, shown, f"{most:.0%}", use)


def _groups(bounds: Bounds, base: str, instrument: Instrument) -> Iterator[tuple[Group, str, float]]:
    """The groups an instrument counts in, and the limit of each; the base currency has none."""
    yield _CLASS, _CLASS.of(instrument), bounds.asset_class
    yield _SECTOR, _SECTOR.of(instrument), bounds.sector
    if instrument.currency != base:
        yield _CURRENCY, instrument.currency, bounds.currency


def limits(
    symbol: str,
    values: Mapping[str, float],
    equity: float | None,
    *,
    bounds: Bounds,
    instruments: Mapping[str, Instrument],
    portfolio: Portfolio,
    rates: Mapping[str, Rate],
    brief: bool = False,
) -> list[Check]:
    """Pass a book through every limit that concerns what ``symbol`` counts in.

    Parameters
    ----------
    values : by symbol, base currency, with the order and all working buys in
    brief : where all of them pass, none is told
    """
    debt = owed(portfolio, rates)
    if brief and _within(
        symbol, values, equity, bounds=bounds, instruments=instruments, base=portfolio.currency, debt=debt
    ):
        return []
    found = [
        net_limit(values, equity, bounds.net, brief=brief),
        leverage_limit(values, equity, debt, bounds.leverage, brief=brief),
    ]
    for group, name, most in _groups(bounds, portfolio.currency, instruments[symbol]):
        value = sum(v for s, v in values.items() if v and group.of(instruments[s]) == name)
        found.append(group_limit(group, name, value, equity, most, brief=brief))
    return found


def _within(
    symbol: str,
    values: Mapping[str, float],
    equity: float | None,
    *,
    bounds: Bounds,
    instruments: Mapping[str, Instrument],
    base: str,
    debt: float,
) -> bool:
    """Tell in one walk over the book whether all of these limits let it pass; NaN fails each comparison."""
    if equity is None or not (isfinite(equity) and equity > 0):
        return False
    own = instruments[symbol]
    kind, sector, currency = own.asset_class, own.sector, own.currency
    net = gross = alike = named = quoted = 0.0
    for name, value in values.items():
        net += value
        gross += abs(value)
        other = instruments[name]
        if other.asset_class is kind:
            alike += value
        if other.sector == sector:
            named += value
        if other.currency == currency:
            quoted += value
    owns = max(equity + debt + (gross - net) / 2.0, gross)  # what is sold short is half of the difference
    return (
        net <= (bounds.net + _ROUNDING) * equity
        and owns <= (bounds.leverage + _ROUNDING) * equity
        and debt >= 0.0
        and alike <= (bounds.asset_class + _ROUNDING) * equity
        and named <= (bounds.sector + _ROUNDING) * equity
        and (currency == base or quoted <= (bounds.currency + _ROUNDING) * equity)
        and gross < inf
    )


def caps(
    symbol: str,
    values: Mapping[str, float],
    equity: float,
    *,
    each: float,
    bounds: Bounds,
    instruments: Mapping[str, Instrument],
    portfolio: Portfolio,
    rates: Mapping[str, Rate],
) -> list[Cap]:
    """Put the same limits as units of one instrument.

    Parameters
    ----------
    each : what one unit is worth, base currency
    """
    held = sum(values.values())
    found = [Cap(f"{bounds.net:.0%} net", (bounds.net * equity - held) / each, f"{held / equity:.0%} held")]
    times = _levered(values, equity, owed(portfolio, rates))
    gross = sum(abs(value) for value in values.values())
    room = (bounds.leverage * equity - gross) / each if times <= bounds.leverage else 0.0
    found.append(Cap(f"{bounds.leverage:.2f}x leverage", room, f"{times:.2f}x"))
    for group, name, most in _groups(bounds, portfolio.currency, instruments[symbol]):
        value = sum(v for s, v in values.items() if v and group.of(instruments[s]) == name)
        label = f"{most:.0%} a {group.label.lower()}"
        found.append(Cap(label, (most * equity - value) / each, f"{name} {value / equity:.1%}"))
    return found


def exposures(
    positions: Mapping[str, Position],
    values: Mapping[str, float],
    equity: float | None,
    *,
    bounds: Bounds,
    instruments: Mapping[str, Instrument],
    medians: Mapping[str, float],
    debt: float,
) -> Exposures:
    """Measure the book as it is, for the page and for REST.

    Parameters
    ----------
    medians : units that are usually traded in a day, by symbol
    debt : cash that is owed, base currency
    """
    known = equity if equity is not None and isfinite(equity) and equity > 0 else nan
    net, times = sum(values.values()) / known, _levered(values, equity, debt)

    def parted(of: Callable[[Instrument], str]) -> tuple[tuple[str, float], ...]:
        found = ((name, value / known) for name, value in by_group(values, instruments, of).items())
        return tuple(sorted((row for row in found if isfinite(row[1])), key=lambda row: -row[1]))

    days = (
        (s, liquidity_days(float(p.quantity), medians.get(s, nan), bounds.volume_share))
        for s, p in positions.items()
        if p.quantity
    )
    slowest = sorted(days, key=lambda row: -row[1] if isfinite(row[1]) else -inf)
    return Exposures(
        net=net if isfinite(net) else None,
        leverage=times if isfinite(times) else None,
        sectors=parted(sector_of),
        currencies=parted(_CURRENCY.of),
        liquidity=tuple((s, day if isfinite(day) else None) for s, day in slowest),
        volume_share=bounds.volume_share,
    )


def standing_limits(
    seen: Exposures,
    classes: tuple[tuple[str, float], ...],
    positions: Mapping[str, Position],
    *,
    bounds: Bounds,
    base: str,
    medians: Mapping[str, float],
) -> list[Check]:
    """Put the largest of each kind of group, and the slowest position, against its limit.

    Parameters
    ----------
    classes : (asset class, fraction of equity), largest first
    base : the base currency, whose share is no exposure to a currency
    medians : units that are usually traded in a day, by symbol; empty before daily bars have been read
    """
    foreign = tuple(row for row in seen.currencies if row[0] != base)
    found = []
    for group, rows, most in (
        (_CLASS, classes, bounds.asset_class),
        (_SECTOR, seen.sectors, bounds.sector),
        (_CURRENCY, foreign, bounds.currency),
    ):
        if rows:
            name, share = rows[0]
            found.append(group_limit(group, name, share, 1.0, most))
    if seen.liquidity and medians:
        symbol = seen.liquidity[0][0]
        units, median = float(positions[symbol].quantity), medians.get(symbol, nan)
        found.append(liquidity_limit(symbol, units, median, bounds.liquidity_days, bounds.volume_share))
    return found
