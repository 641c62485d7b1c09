"""What may be said of a probability, in plain words: its base rate and its score stand beside it."""

from collections.abc import Mapping
from math import isfinite

from marketpulse.signals.consensus import Consensus
from marketpulse.types import Card, Edge, Score

__all__ = ["NO_MODEL", "SIMULATED", "TOO_SHORT", "UNSOUND", "opinion", "record", "regime"]

SIMULATED = "No model: these prices are simulated."
NO_MODEL = "No model yet."
TOO_SHORT = "No opinion: 253 daily bars are needed."
UNSOUND = "No opinion: the newest bar has a price that cannot be."
_NO_SCORE = "Too little history to score it out of sample. Treat as no edge."
_END = {
    Edge.NONE: "Treat as no edge.",
    Edge.WEAK: "A weak edge, after costs.",
    Edge.DEGRADED: "It has become worse than the base rate. Treat as no edge.",
}
_ROUGH = 1.0


def opinion(said: Consensus, card: Card, symbol: str, unit: str) -> str:
    """Say what the models say of ``symbol``; ``unit`` is what a bar is called, ``trading days``."""
    probability = (
        f"Model probability of being higher in {card.horizon} {unit}: "
        f"{_percent(said.probability)} (base rate {_percent(said.base)}). {said.call}: {said.why}"
    )
    foreign = "" if symbol in card.symbols else f" {symbol} was not among the instruments it was trained on."
    return f"{probability}{foreign} {record(card.score, card.edge)}"


def record(score: Score | None, edge: Edge) -> str:
    """Say how the model did on what it had not seen."""
    if score is None:
        return _NO_SCORE
    since = f" since {score.since[:4]}" if score.since else ""
    return (
        f"Out of sample{since}: AUC {score.auc:.2f} (95 % {score.auc_low:.2f}-{score.auc_high:.2f}), "
        f"{_brier(score)}. {_END[edge]}"
    )


def regime(features: Mapping[str, float]) -> str:
    """Name the state of an instrument, so that scores can be told apart by it; empty where unknown.

    Examples
    --------
    >>> regime({"trend_200": 1.2, "sd_ratio": 0.8})
    'rising, calm'
    """
    trend, rough = features.get("trend_200", float("nan")), features.get("sd_ratio", float("nan"))
    if not (isfinite(trend) and isfinite(rough)):
        return ""
    return f"{'rising' if trend >= 0.0 else 'falling'}, {'rough' if rough > _ROUGH else 'calm'}"


def _brier(score: Score) -> str:
    if score.skill_low > 0.0:
        return (
            (
                f"Brier {score.skill:.1%} better than the base rate "
                f"(95 % {score.skill_low:.1%} to {score.skill_high:.1%})"
            )
            .replace("%", " %")
            .replace("95  %", "95 %")
        )
    return (
        "Brier worse than the base rate" if score.skill_high < 0.0 else "Brier no better than the base rate"
    )


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"
