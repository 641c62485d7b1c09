"""What will go stale, and when a quota runs out, at the pace at which the desk asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from marketpulse.types import BudgetView, CellHealth, PlanLine, ProviderHealth

__all__ = ["plan"]


def plan(
    demand: Mapping[str, float], health: Sequence[ProviderHealth], now: datetime
) -> tuple[PlanLine, ...]:
    """Foresee each provider that is set up, in the order of ``health``.

    Parameters
    ----------
    demand : by provider, calls a minute asked of it
    health : as ``Pool.health`` tells it
    now : the wall clock, aware UTC

    Returns
    -------
    tuple of PlanLine
        ``runs_out`` where the daily quota ends before it is renewed; the sentence is empty when
        nothing will go stale.
    """
    return tuple(_line(h, demand.get(h.name, 0.0), now) for h in health if h.state != "not_set")


def _line(health: ProviderHealth, calls: float, now: datetime) -> PlanLine:
    budget = health.budget
    if budget is None:
        return PlanLine(health.name, calls, None)
    isolated = _isolated(health.name, health.cells)
    if health.cells and all(c.state == "isolated" for c in health.cells):
        return PlanLine(health.name, calls, None, isolated[0])
    runs_out = _runs_out(budget, calls, now)
    said = (
        *isolated,
        *_resting(health.name, health.cells, now),
        *_blocked(health.name, budget, now),
        *_quota(health.name, budget, calls, runs_out, now),
        *_waiting(health.name, budget, calls),
    )
    return PlanLine(health.name, calls, runs_out, " ".join(said))


def _runs_out(budget: BudgetView, calls: float, now: datetime) -> datetime | None:
    if budget.left_day is None or budget.resets is None:
        return None
    if budget.left_day == 0:
        return now
    pace = min(calls, budget.per_minute)
    left = (budget.resets - now).total_seconds() / 60.0  # minutes until it is renewed
    if pace * left < budget.left_day:  # also where the pace is zero
        return None
    return now + timedelta(minutes=budget.left_day / pace)


def _isolated(name: str, cells: Sequence[CellHealth]) -> tuple[str, ...]:
    closed = [c.capability for c in cells if c.state == "isolated"]
    if not closed:
        return ()
    it = "it" if len(closed) == 1 else "them"
    return (f"{name} refused {_listed(closed)} and is not asked for {it} again before a restart.",)


def _resting(name: str, cells: Sequence[CellHealth], now: datetime) -> tuple[str, ...]:
    return tuple(
        f"{name} failed too often and is not asked for {c.capability} before {_clock(now, c.retry, now)}."
        for c in cells
        if c.state == "open" and c.retry is not None
    )


def _blocked(name: str, budget: BudgetView, now: datetime) -> tuple[str, ...]:
    if budget.blocked <= 0.0:
        return ()
    return (f"{name} said too many requests and is not asked before {_clock(now, budget.blocked, now)}.",)


def _quota(
    name: str, budget: BudgetView, calls: float, runs_out: datetime | None, now: datetime
) -> tuple[str, ...]:
    if runs_out is None or budget.resets is None:
        return ()
    renewed = _clock(budget.resets, 0.0, now)
    if budget.left_day == 0:
        return (f"{name} has used its {budget.per_day} calls of today; the next may go at {renewed}.",)
    ends = _clock(runs_out, 0.0, now)
    return (
        (
            f"{name} runs out at {ends}: {budget.left_day} calls are left of {budget.per_day} a day, "
            f"{calls:.3g} a minute are asked, and they are renewed at {renewed}."
        ),
    )


def _waiting(name: str, budget: BudgetView, calls: float) -> tuple[str, ...]:
    if calls <= budget.per_minute:
        return ()
    share = 1.0 - budget.per_minute / calls
    return (
        (
            f"{name} is asked {calls:.3g} times a minute and may be {budget.per_minute:.3g} times: "
            f"{share:.0%} of the questions wait."
        ),
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _clock(moment: datetime, seconds: float, now: datetime) -> str:
    """Say a time in UTC, with its date unless it is today."""
    when = moment + timedelta(seconds=seconds)
    return f"{when:%H:%M:%S} UTC" if when.date() == now.date() else f"{when:%Y-%m-%d %H:%M} UTC"
