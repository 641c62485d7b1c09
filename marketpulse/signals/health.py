"""A model's health as parts, each with its number, its bound and what it means; never one figure for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketpulse.signals.cusum import FEWEST_SLOPE, LIMIT, Lately
from marketpulse.signals.drift import ACT, drifted
from marketpulse.signals.scoring import FEWEST_DATES
from marketpulse.types import Card, DriftLine, Edge, HealthPart, Record, Rest, Serving, ServingPath

__all__ = ["LIVE", "SLOPES", "degraded", "health"]

LIVE = "Live score"
"""The part that makes a model DEGRADED."""

SLOPES = 0.5, 1.6
"""Between these the calibration is in order."""

_LABELS = 14  # days that the newest labels of a training need to end
_QUICK = frozenset({ServingPath.ONNX, ServingPath.NUMPY})


def health(
    *,
    card: Card | None,
    record: Record | None,
    drift: Sequence[DriftLine],
    live: Lately,
    repainted: int,
    checked: int,
    servings: Sequence[Serving],
    rests: Sequence[Rest],
    now: datetime,
    retrain_days: float,
) -> tuple[HealthPart, ...]:
    """Tell the parts of a model's health; what cannot be told yet is neither passed nor failed.

    Parameters
    ----------
    card, record : of the model that serves, and the evidence it came with; None where there is none
    drift : of its features, as from ``signals.drift.drift``
    live : of the signals that this model has issued
    repainted, checked : signals whose recomputation differed, and that were recomputed without a difference
    servings : by which way each member answers
    rests : members behind their breakers
    now : the desk's clock, aware UTC
    retrain_days : after which models are trained anew
    """
    return (
        _record(card, record),
        _drift(drift),
        _live(live),
        _slope(live),
        _repaint(repainted, checked),
        _serving(servings),
        _resting(rests),
        _age(card, now, retrain_days),
    )


def degraded(parts: Sequence[HealthPart]) -> bool:
    """Whether what the model has issued did worse than its base rates: the word is DEGRADED then.

    Examples
    --------
    >>> bad = [HealthPart(name, passed=False, value="", limit="", sentence="") for name in ("Live score", "Drift")]
    >>> degraded(bad), degraded(bad[1:])
    (True, False)
    """
    return any(part.name == LIVE and part.passed is False for part in parts)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part without its finding."""

    name: str
    limit: str

    def passes(self, value: str, sentence: str) -> HealthPart:
        return HealthPart(self.name, passed=True, value=value, limit=self.limit, sentence=sentence)

    def fails(self, value: str, sentence: str) -> HealthPart:
        return HealthPart(self.name, passed=False, value=value, limit=self.limit, sentence=sentence)

    def open(self, value: str, sentence: str) -> HealthPart:
        """It cannot be told yet."""
        return HealthPart(self.name, passed=None, value=value, limit=self.limit, sentence=sentence)


def _record(card: Card | None, record: Record | None) -> HealthPart:
    part = _Part("Record", Edge.WEAK.value)
    if card is None or not card.last_bar:  # the base rate alone has no training
        return part.open("", "There is no model yet.")
    if record is None:
        return part.fails(card.edge.value, "The logistic model serves meanwhile.")
    told = part.passes if card.edge is Edge.WEAK else part.fails
    return told(card.edge.value, record.why)


def _drift(lines: Sequence[DriftLine]) -> HealthPart:
    part = _Part("Drift", f"PSI below {ACT}")
    if not lines:
        return part.open("", "Not compared with the training yet.")
    worst, moved = lines[0], drifted(lines)
    value = f"PSI {worst.psi:.2f}"
    if moved:
        more = f" and {len(moved) - 1} more lie" if len(moved) > 1 else " lies"
        sentence = f"{_named(moved[0])}{more} elsewhere than in the training, and not by chance."
        return part.fails(value, sentence)
    if all(line.p_value is None for line in lines):
        return part.open(value, "Too few bars to tell a change from chance.")
    if worst.psi >= ACT:
        sentence = f"{_named(worst)} has moved, but that may be chance: neighbouring bars hang together."
        return part.passes(value, sentence)
    return part.passes(value, "The features lie where they did in the training.")


def _named(line: DriftLine) -> str:
    """What moved, at the beginning of a sentence."""
    return line.words[:1].upper() + line.words[1:]


def _live(live: Lately) -> HealthPart:
    part = _Part(LIVE, f"no worse than the base rate, CUSUM at most {LIMIT:g}")
    if live.brier is None or live.brier_base is None:
        return part.open("", "None of its signals has ended yet.")
    value = f"Brier {live.brier:.4f}, base {live.brier_base:.4f}, CUSUM {live.sum:.1f}"
    if live.alarm:
        sentence = (
            f"Its {live.counted} signals have done worse than the base rate for longer than chance allows."
        )
        return part.fails(value, sentence)
    if live.high is None:
        sentence = f"{live.dates} dates have ended; the interval is told from {FEWEST_DATES}."
        return part.open(value, sentence)
    if live.high < 0.0:
        sentence = f"Over the last {live.dates} dates it was worse than the base rate (95 % interval)."
        return part.fails(value, sentence)
    sentence = f"Over the last {live.dates} dates it was not shown to be worse than the base rate."
    return part.passes(value, sentence)


def _slope(live: Lately) -> HealthPart:
    part = _Part("Calibration", f"slope {SLOPES[0]} to {SLOPES[1]}")
    if live.slope is None:
        sentence = f"{live.n} signals have ended; the slope is told from {FEWEST_SLOPE} that vary."
        return part.open("", sentence)
    value = f"{live.slope:.2f}"
    if live.slope < SLOPES[0]:
        return part.fails(value, "Its probabilities are too sure.")
    if live.slope > SLOPES[1]:
        return part.fails(value, "Its probabilities are too timid.")
    return part.passes(value, "What it says comes true about that often.")


def _repaint(repainted: int, checked: int) -> HealthPart:
    part = _Part("Repaint", "none")
    if repainted:
        was = "signal was" if repainted == 1 else "signals were"
        sentence = f"{repainted} {was} not the same when computed again."
        return part.fails(str(repainted), sentence)
    if not checked:
        return part.open("", "Nothing was computed again since the start.")
    sentence = f"{checked} signals were computed again since the start and came out the same."
    return part.passes("0", sentence)


def _serving(servings: Sequence[Serving]) -> HealthPart:
    part = _Part("Serving", "the quickest way")
    if not servings:
        return part.open("", "No model answers yet.")
    slow = [one for one in servings if one.path not in _QUICK or one.faults]
    ways = ", ".join(dict.fromkeys(one.path.value for one in servings))
    if not slow:
        return part.passes(ways, "Every member answers by its quickest way.")
    return part.fails(ways, slow[0].sentence)


def _resting(rests: Sequence[Rest]) -> HealthPart:
    part = _Part("Members", "none rests")
    if not rests:
        return part.open("", "No member was asked yet.")
    away = [one.model for one in rests if one.state != "closed"]
    value = f"{len(rests) - len(away)} of {len(rests)}"
    if away:
        sentence = f"At rest after errors or slow answers: {', '.join(away)}."
        return part.fails(value, sentence)
    return part.passes(value, "Every member is asked.")


def _age(card: Card | None, now: datetime, retrain_days: float) -> HealthPart:
    """Two schedules long, and what the newest labels need to end."""
    oldest = round(2 * retrain_days) + _LABELS
    part = _Part("Age", f"at most {oldest} days")
    if card is None or not card.last_bar:
        return part.open("", "There is no model yet.")
    days = (now.date() - datetime.fromisoformat(card.last_bar).date()).days
    told = part.passes if days <= oldest else part.fails
    return told(f"{days} days", f"Its newest training bar is of {card.last_bar}.")
