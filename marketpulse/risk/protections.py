"""Protections: what losses in a row, a bad week or a deep drawdown keep from being bought. Pure.

Each is derived from what happened, so a restart finds the same. A person may lift one by typing a word;
what happened before that then counts no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Protocol

from marketpulse.risk.verdict import granted
from marketpulse.types import Check, OrderRequest, Side
from marketpulse.types.lock import Lock

__all__ = ["Rules", "Sold", "drawdown_lock", "locked", "trade_locks", "week_lock"]

_FREE = granted("PROTECTIONS", "Protections", "No protection holds.")
_SALE = granted("PROTECTIONS", "Protections", "A sale passes every protection.")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Sold(Protocol):
    """A trade as ``portfolio.trades`` tells it."""

    @property
    def symbol(self) -> str:
        """What was sold."""

    @property
    def time(self) -> datetime:
        """When, by the desk's clock."""

    @property
    def gain(self) -> Decimal:
        """After fees."""

    @property
    def stopped(self) -> bool:
        """A protective stop sold it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When each protection holds; 0 turns it off.

    Attributes
    ----------
    cooldown : minutes in which a symbol is not bought after a sale of it at a loss
    stop_outs : stops that sold at a loss on one market day, after which nothing is bought on it
    losing_trades : losing sales of a symbol in a row, after which it is not bought for ``lock_days``
    weekly_loss : fraction of what the week began with, whose loss ends its buying
    drawdown : fraction below the highest equity at which nothing is bought until somebody lifts it
    """

    cooldown: float = 0.0
    stop_outs: int = 4
    losing_trades: int = 5
    lock_days: float = 5.0
    weekly_loss: float = 0.10
    drawdown: float = 0.25


def trade_locks(
    trades: Sequence[Sold],
    rules: Rules,
    now: datetime,
    day: tuple[datetime, datetime],
    lifted: Mapping[str, datetime],
) -> tuple[Lock, ...]:
    """Tell which protections the last sales have set off.

    Parameters
    ----------
    trades : oldest first
    day : when the market day began and when it ends
    lifted : when each was last lifted, by name
    """
    by_symbol: dict[str, list[Sold]] = {}
    for trade in trades:
        by_symbol.setdefault(trade.symbol, []).append(trade)
    found = [*_stop_outs(trades, rules.stop_outs, day, lifted)]
    for symbol, sold in by_symbol.items():
        found += _cooldown(symbol, sold[-1], rules.cooldown, lifted)
        found += _losing(symbol, sold, rules, lifted)
    return tuple(lock for lock in found if lock.until is None or now < lock.until)


def _cooldown(symbol: str, last: Sold, minutes: float, lifted: Mapping[str, datetime]) -> Iterator[Lock]:
    name = f"COOLDOWN:{symbol}"
    if minutes > 0 and last.gain < 0 and last.time > lifted.get(name, _EVER):
        until = last.time + timedelta(minutes=minutes)
        sentence = f"{symbol} was sold at a loss; it is not bought again for {minutes:g} minutes."
        yield Lock(name, "COOLDOWN", symbol, sentence, last.time, until)


def _stop_outs(
    trades: Sequence[Sold], most: int, day: tuple[datetime, datetime], lifted: Mapping[str, datetime]
) -> Iterator[Lock]:
    after = lifted.get("STOP_OUTS", _EVER)
    hit = [t for t in trades if t.stopped and t.gain < 0 and t.time >= day[0] and t.time > after]
    if 0 < most <= len(hit):
        sentence = f"{len(hit)} stops have sold at a loss today; nothing is bought until the next day."
        yield Lock("STOP_OUTS", "STOP_OUTS", "", sentence, hit[most - 1].time, day[1])


def _losing(
    symbol: str, sold: Sequence[Sold], rules: Rules, lifted: Mapping[str, datetime]
) -> Iterator[Lock]:
    name, most = f"LOSING_SYMBOL:{symbol}", rules.losing_trades
    last = [t for t in sold if t.time > lifted.get(name, _EVER)][-most:] if most > 0 else []
    if last and len(last) == most and all(t.gain < 0 for t in last):
        until = last[-1].time + timedelta(days=rules.lock_days)
        sentence = f"The last {most} sales of {symbol} lost; it is not bought for {rules.lock_days:g} days."
        yield Lock(name, "LOSING_SYMBOL", symbol, sentence, last[-1].time, until)


def week_lock(
    equity: float | None, start: float | None, most: float, since: datetime, ends: datetime
) -> Lock | None:
    """Compare the week's loss with the one that ends its buying; what is not known locks nothing here.

    Unknown equity is refused by the day's loss and by the position's limit already.
    """
    if equity is None or start is None or not (isfinite(equity) and isfinite(start) and start > 0 < most):
        return None
    if equity - start > -most * start:
        return None
    sentence = f"The week has lost {most:.1%} of what it began with; nothing is bought until the next."
    return Lock("WEEKLY_LOSS", "WEEKLY_LOSS", "", sentence, since, ends)


def drawdown_lock(equity: float | None, peak: float, most: float, since: datetime) -> Lock | None:
    """Compare equity with its highest value since the last time this was lifted."""
    if equity is None or not (isfinite(equity) and isfinite(peak) and peak > 0 < most):
        return None
    if equity > peak * (1.0 - most):
        return None
    sentence = (
        f"Equity has fallen {most:.1%} below its highest value; nothing is bought until this is lifted."
    )
    return Lock("MAX_DRAWDOWN", "MAX_DRAWDOWN", "", sentence, since, None)


def locked(request: OrderRequest, locks: Sequence[Lock]) -> tuple[Check, ...]:
    """Tell which protections keep an order from being placed."""
    if request.side is Side.SELL:
        return (_SALE,)
    holding = [lock for lock in locks if lock.symbol in {"", request.symbol}]
    return tuple(_refusal(lock) for lock in holding) or (_FREE,)


def _refusal(lock: Lock) -> Check:
    ends = "until it is lifted" if lock.until is None else f"until {lock.until:%Y-%m-%d %H:%M} UTC"
    sentence = f"{lock.sentence} Sales pass. To buy sooner, lift {lock.name} by typing {lock.typed}."
    return Check(lock.code, "Protections", passed=False, sentence=sentence, value=lock.name, limit=ends)
