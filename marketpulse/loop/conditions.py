"""What a person should hear of without being asked: conditions of the desk that begin and end."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from marketpulse.risk.limits import OPEN_RISK
from marketpulse.types import SessionState, Snapshot
from marketpulse.types.alert import Severity

__all__ = ["ENDING", "Condition", "Thresholds", "conditions", "settled"]

_ENDS_AT = 0.9
"""A number that has passed its threshold must fall below this part of it, so that it does not flicker."""

_OPEN_RISK = "OPEN_RISK"
_ROUNDING = 1e-9

ENDING = frozenset({"DRAWDOWN", "DAY_LOSING", _OPEN_RISK, "STALE_HELD", "PROVIDER_OFF", "ACCOUNT_DIFFERS"})
"""Codes of what begins and ends here."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a number becomes an alert.

    Attributes
    ----------
    drawdown : below the highest equity, a fraction
    day_used : of the loss that ends a day's buying, a fraction of it
    stale : seconds of the wall clock that a held price may be stale while its market is open
    """

    drawdown: float = 0.10
    day_used: float = 0.5
    stale: float = 300.0


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now.

    Attributes
    ----------
    ref : what it is about: a symbol, a provider, an account
    patience : seconds it must have held before it is raised
    """

    code: str
    ref: str
    severity: Severity
    sentence: str
    patience: float = 0.0

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same as before."""
        return self.code, self.ref


def conditions(
    snapshot: Snapshot, thresholds: Thresholds, daily_loss: float, standing: frozenset[tuple[str, str]]
) -> tuple[Condition, ...]:
    """Say what holds now; pure.

    Parameters
    ----------
    daily_loss : the loss that ends the day's buying, a fraction of what it began with
    standing : keys of those that were raised and have not ended: their numbers end a little lower
    """
    return (
        *_drawdown(snapshot, thresholds.drawdown, standing),
        *_day(snapshot, thresholds.day_used, daily_loss, standing),
        *_open_risk(snapshot, standing),
        *_stale(snapshot, thresholds.stale),
        *_providers(snapshot),
        *_accounts(snapshot),
    )


def settled(snapshot: Snapshot, code: str, ref: str) -> bool:
    """Tell whether not finding a condition means that it is over, rather than that nobody can know yet."""
    if code == "STALE_HELD":
        held = any(p.symbol == ref and p.quantity for p in snapshot.valuation.positions)
        return not held or ref in snapshot.market
    if code == "ACCOUNT_DIFFERS":
        return any(view.account == ref and view.reconciled for view in snapshot.accounts)
    if code == "PROVIDER_OFF":
        return any(health.name == ref for health in snapshot.providers)
    return snapshot.valuation.equity is not None


def _past(value: float, threshold: float, *, stands: bool) -> bool:
    """Tell whether a number is past its threshold, or was and has not come back far enough; NaN is not."""
    return isfinite(value) and value >= threshold * (_ENDS_AT if stands else 1.0)


def _drawdown(
    snapshot: Snapshot, threshold: float, standing: frozenset[tuple[str, str]]
) -> Iterator[Condition]:
    down, key = snapshot.valuation.drawdown, ("DRAWDOWN", "equity")
    if _past(down, threshold, stands=key in standing):
        sentence = f"Equity is {down:.1%} below its highest value; you asked to hear of {threshold:.1%}."
        yield Condition(*key, Severity.HIGH, sentence)


def _day(
    snapshot: Snapshot, used: float, daily_loss: float, standing: frozenset[tuple[str, str]]
) -> Iterator[Condition]:
    worth, gain = snapshot.valuation.equity, snapshot.valuation.day_pnl
    key = "DAY_LOSING", "equity"
    if worth is None or gain is None or not worth - gain > 0 or not daily_loss > 0:
        return
    lost, stands = -gain / (worth - gain), key in standing
    over = lost >= daily_loss and not stands  # DAILY_LOSS says it already
    if _past(lost / daily_loss, used, stands=stands) and not over:
        sentence = f"The day has lost {lost:.2%}; at {daily_loss:.1%} nothing more is bought."
        yield Condition(*key, Severity.MEDIUM, sentence)


def _open_risk(snapshot: Snapshot, standing: frozenset[tuple[str, str]]) -> Iterator[Condition]:
    risk, key = snapshot.risk.open_risk, (_OPEN_RISK, "book")
    # A book bought up to its limit stands at it: beyond begins above, and ends well below.
    if risk is not None and _past(risk, OPEN_RISK + _ROUNDING, stands=key in standing):
        sentence = (
            f"Losses at the stops are {risk:.1%} of equity, above {OPEN_RISK:.0%}; "
            "a position without a stop counts whole."
        )
        yield Condition(*key, Severity.MEDIUM, sentence)


def _stale(snapshot: Snapshot, seconds: float) -> Iterator[Condition]:
    for position in snapshot.valuation.positions:
        datum = snapshot.market.get(position.symbol) if position.quantity else None
        if datum is not None and datum.stale and datum.session is SessionState.OPEN:
            sentence = f"{position.symbol} is held and has had no fresh price for {seconds:.0f} s."
            yield Condition("STALE_HELD", position.symbol, Severity.MEDIUM, sentence, seconds)


def _providers(snapshot: Snapshot) -> Iterator[Condition]:
    for health in snapshot.providers:
        if health.state == "isolated":
            sentence = f"{health.name} refused our key and is not asked any more until it is changed."
            yield Condition("PROVIDER_OFF", health.name, Severity.MEDIUM, sentence)


def _accounts(snapshot: Snapshot) -> Iterator[Condition]:
    for view in snapshot.accounts:
        if view.difference:
            sentence = f"The books and the account at {view.broker} disagree: no order leaves there."
            yield Condition("ACCOUNT_DIFFERS", view.account, Severity.HIGH, sentence, 60.0)
