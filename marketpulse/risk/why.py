"""The ladder of gates for one instrument: what an order would meet, from its data to a person's word. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from marketpulse.risk.events import UNKNOWN
from marketpulse.types import Check, Edge, Preview, Signal
from marketpulse.types.why import Rung

__all__ = ["Edges", "break_even", "ladder"]

_DATA = ("NO_PRICE", "STALE_QUOTE", "DISPUTED_QUOTE")
_SESSION = ("MARKET_CLOSED",)
_BUDGET = ("INSUFFICIENT_CASH",)
_PERSON = "A person places each order; the desk places none by itself."
_EVENT = "EVENT"


@dataclass(frozen=True, slots=True)
class Edges:
    """What the edge is held against.

    Attributes
    ----------
    cost : of buying and selling again, a fraction of the value; None is not known
    move : mean distance, up or down, over the signal's horizon, a fraction; None is not known
    """

    cost: float | None = None
    move: float | None = None


def break_even(cost: float, move: float) -> float:
    """Chance of a rise from which on a trade earns more than it costs.

    A rise and a fall are taken to be equally large, ``move``: p moves up, 1 - p down, less the cost.

    Units
    -----
    Fractions; the result above 1 means that no chance is enough.

    References
    ----------
    Expectation of a two-point outcome: p m - (1 - p) m - c = 0.

    Examples
    --------
    >>> round(break_even(0.002, 0.02), 3)
    0.55
    """
    return 0.5 + cost / (2.0 * move)


def ladder(
    preview: Preview, signal: Signal | None, edges: Edges, approval: Rung | None = None
) -> tuple[Rung, ...]:
    """Every gate in the order in which a person would ask about it; ``approval`` is the desk's own word."""
    checks = [check for check in preview.checks if not check.advisory]
    first = {*_DATA, *_SESSION, _EVENT}
    rest = [check for check in checks if check.code not in first and check.code not in _BUDGET]
    return (
        *_rungs(checks, _DATA),
        *_rungs(checks, _SESSION),
        _signal(signal),
        _edge(signal, edges),
        _event(checks),
        *(_rung(check) for check in rest),
        *_rungs(checks, _BUDGET),
        approval or Rung("APPROVAL", "Approval", None, _PERSON),
    )


def _rungs(checks: list[Check], codes: tuple[str, ...]) -> Iterator[Rung]:
    return (_rung(check) for check in checks if check.code in codes)


def _rung(check: Check) -> Rung:
    return Rung(check.code, check.label, check.passed, check.sentence, check.value, check.limit)


def _event(checks: list[Check]) -> Rung:
    """Earnings: a day that is not known is neither passed nor failed."""
    found = next((check for check in checks if check.code == _EVENT), None)
    if found is None:
        return Rung(_EVENT, "Event", None, "When earnings are due is not known: nobody was asked.")
    rung = _rung(found)
    return replace(rung, passed=None) if found.value == UNKNOWN else rung


def _signal(signal: Signal | None) -> Rung:
    if signal is None:
        return Rung("SIGNAL", "Signal", passed=False, sentence="There is no signal for it yet.")
    if signal.probability is None:
        return Rung("SIGNAL", "Signal", passed=False, sentence=signal.sentence, value="abstains")
    base = "" if signal.base_rate is None else f"base {signal.base_rate:.1%}"
    passed = signal.probability > (0.5 if signal.base_rate is None else signal.base_rate)
    return Rung("SIGNAL", "Signal", passed, signal.sentence, f"p {signal.probability:.1%}", base)


def _edge(signal: Signal | None, edges: Edges) -> Rung:
    label = "Edge after cost"
    if signal is None or signal.probability is None:
        return Rung("EDGE", label, passed=False, sentence="Without a signal there is no edge.")
    if signal.edge is not Edge.WEAK:
        sentence = "The model's record out of sample does not allow to speak of an edge."
        return Rung("EDGE", label, passed=False, sentence=sentence, value=signal.edge.value.lower())
    cost, move = edges.cost, edges.move
    if cost is None or move is None or not (isfinite(cost) and isfinite(move) and move > 0):
        return Rung(
            "EDGE", label, passed=None, sentence="What a trade costs, or how far it moves, is not known."
        )
    least = break_even(cost, move)
    sentence = (
        f"In and out cost {cost:.2%}; over {signal.horizon} bars it moves {move:.2%} on average, "
        f"so a rise must be likelier than {least:.1%}."
    )
    return Rung(
        "EDGE", label, signal.probability > least, sentence, f"p {signal.probability:.1%}", f"{least:.1%}"
    )
