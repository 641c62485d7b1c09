"""What may be said of a probability, in plain words: its base rate and its score stand beside it."""

from marketpulse.types import Card, Edge, Score, Vote

__all__ = ["NO_MODEL", "SIMULATED", "opinion", "record"]

SIMULATED = "No model: these prices are simulated."
NO_MODEL = "No model yet."
_NO_SCORE = "Too little history to score it out of sample. Treat as no edge."
_END = {
    Edge.NONE: "Treat as no edge.",
    Edge.WEAK: "A weak edge, before costs.",
    Edge.DEGRADED: "It has become worse than the base rate. Treat as no edge.",
}


def opinion(vote: Vote, card: Card, symbol: str, unit: str) -> str:
    """Say what the model says of ``symbol``; ``unit`` is what a bar is called, ``trading days``."""
    if vote.probability is None or vote.base_rate is None:
        return f"No opinion: {vote.why}."
    said = (
        f"Model probability of being higher in {card.horizon} {unit}: "
        f"{_percent(vote.probability)} (base rate {_percent(vote.base_rate)})."
    )
    foreign = "" if symbol in card.symbols else f" {symbol} was not among the instruments it was trained on."
    return f"{said}{foreign} {record(card.score, card.edge)}"


def record(score: Score | None, edge: Edge) -> str:
    """Say how the model did on what it had not seen."""
    if score is None:
        return _NO_SCORE
    since = f" since {score.since[:4]}" if score.since else ""
    return (
        f"Out of sample{since}: AUC {score.auc:.2f} (95 % {score.auc_low:.2f}-{score.auc_high:.2f}), "
        f"{_brier(score)}. {_END[edge]}"
    )


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
