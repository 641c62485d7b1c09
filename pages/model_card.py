"""A model's record in tables: what it was trained on, how it did out of sample, what may be said."""

from marketpulse.types import Card, Edge, Record, Score
from pages import parts
from pages.model_words import edge_tone, feature, whole
from pages.parts import Column, Markup

__all__ = ["facts", "period", "scores", "verdict"]

COIN = 0.5
"""The AUC of tossing a coin."""

LUCK, SURE, SLOPES = 0.05, 0.95, (0.5, 1.6)
"""The bounds that a claim is held against: of the p-value, of the deflated Sharpe ratio, of the slope."""

_SCORES = (
    Column("Measure", "wrap"),
    Column("Value", "right"),
    Column("95% interval", "right"),
    Column("To beat", "right"),
    Column("Verdict", "right"),
)
_FACTS = (Column(""), Column("", "wrap"))


def verdict(card: Card, record: Record | None = None, who: str = "") -> Markup:
    """What the out-of-sample score allows us to say, with the numbers it rests on.

    Parameters
    ----------
    record : the evidence of the training; its sentence says why the word is what it is
    who : begins the note, where several models are shown
    """
    kind = edge_tone(card.edge)
    head = parts.bold(f"{who}{card.edge.value}. ", kind)
    if card.score is None:
        return parts.note(
            parts.join(head, "There was too little data to test the model on rows it had not seen.")
        )
    low, high = (parts.percent(x, plus=True) for x in (card.score.skill_low, card.score.skill_high))
    said = (
        f"On {card.score.n:,} rows the model had not seen, its error was "
        f"{parts.percent(abs(card.score.skill))} {'smaller' if card.score.skill > 0 else 'larger'} "
        f"than that of always saying the base rate (95% interval {low} to {high}). "
    )
    why = f" {whole(record.why)}" if record and record.why else ""
    return parts.note(parts.join(head, said, _advice(card.edge, card.score), why), kind)


def _advice(edge: Edge, score: Score) -> str:
    """How to read that."""
    if edge is Edge.DEGRADED:
        return "It has worsened since: trust the base rate until it recovers."
    if edge is Edge.WEAK:
        return "The whole interval lies above zero, by little: a weak forecast, not a promise."
    if score.skill_high < 0:
        return "The whole interval lies below zero: trust the base rate, not the model."
    if score.skill_low > 0:
        return "The interval lies above zero, but that alone is no edge."
    return "The interval holds zero: read the numbers below as the base rate, not as a forecast."


def period(card: Card) -> str:
    """How the score was won."""
    since = f" since {card.score.since}" if card.score and card.score.since else ""
    return f"walk-forward{since} · 95% block bootstrap"


def scores(card: Card, record: Record | None = None) -> Markup:
    """Each measure with its interval, what it has to beat, and whether it does."""
    score = card.score
    if score is None:
        return parts.empty("No score", "There was too little data to test the model on.")
    signed = [parts.percent(x, 1, plus=True) for x in (score.skill_low, score.skill_high)]
    rows: list[tuple[object, ...]] = [
        (
            "AUC",
            parts.bold(f"{score.auc:.3f}"),
            _between(f"{score.auc_low:.3f}", f"{score.auc_high:.3f}"),
            _grey(f"{COIN:.3f}"),
            _verdict(beaten=score.auc_low > COIN),
        ),
        (
            "Skill, error against base rate",
            parts.bold(parts.percent(score.skill, 2, plus=True)),
            _between(*signed),
            _grey("0"),
            _verdict(beaten=score.skill_low > 0),
        ),
        (
            "Brier score, lower is better",
            parts.bold(f"{score.brier:.4f}"),
            _grey(parts.DASH),
            _grey(f"{score.brier_base:.4f}"),
            _verdict(beaten=score.brier < score.brier_base),
        ),
        ("Calibration error", parts.bold(f"{_calibration_error(score) * 100:.1f}"), _grey("points"), "", ""),
        ("Rows it had not seen", parts.bold(f"{score.n:,}"), "", "", ""),
    ]
    return parts.table(_SCORES, [*rows, *_evidence(record)] if record else rows)


def _evidence(record: Record) -> list[tuple[object, ...]]:
    """The rest of what a claim rests on: luck, calibration, profit after all trials."""
    slope, deflated, luck = record.slope, record.deflated, record.p_value
    sane = None if slope is None else SLOPES[0] <= slope <= SLOPES[1]
    return [
        (
            "Chance of such an AUC by luck, p",
            parts.bold(parts.number(luck, 3)),
            "",
            _grey(f"under {LUCK:.2f}"),
            _verdict(beaten=luck is not None and luck < LUCK),
        ),
        (
            "Slope of the calibration",
            parts.bold(parts.number(slope, 2)),
            "",
            _grey("0.5 to 1.6"),
            "" if sane is None else _grey("within" if sane else "outside"),
        ),
        ("Sharpe of its rule, per bar, after costs", parts.bold(parts.number(record.sharpe, 3)), "", "", ""),
        (
            f"Deflated Sharpe, {record.tried:,} trials",
            parts.bold(parts.number(deflated, 2)),
            "",
            _grey(f"over {SURE:.2f}"),
            _verdict(beaten=deflated is not None and deflated > SURE),
        ),
    ]


def _between(low: str, high: str) -> Markup:
    return _grey(f"{low} to {high}")


def _grey(text: str) -> Markup:
    return parts.span(text, "muted")


def _verdict(*, beaten: bool) -> Markup:
    return (
        parts.join(parts.dot("accent"), "beats it") if beaten else parts.join(parts.dot(), _grey("not shown"))
    )


def _calibration_error(score: Score) -> float:
    """Mean distance between what was said and what came true, a fraction, weighted by rows."""
    rows = sum(count for _, _, count in score.calibration)
    return sum(abs(said - true) * count for said, true, count in score.calibration) / rows if rows else 0.0


def facts(card: Card, record: Record | None = None) -> Markup:
    """What it is made of."""
    trained = parts.eastern(card.trained, "%Y-%m-%d %H:%M ET")
    took = f", in {parts.age(record.seconds)}" if record else ""
    rows: list[tuple[str, object]] = [
        ("Says", f"whether the close is higher in {card.horizon} bars"),
        ("Trained on", f"{card.rows:,} rows, {card.first_bar} to {card.last_bar}"),
        ("Last bar seen", parts.bold(card.last_bar)),
        ("Symbols", ", ".join(card.symbols)),
        ("Prices from", card.source),
        ("Base rate", f"{parts.percent(card.base_rate)} of rows rose"),
        ("Trained at", f"{trained}{took}"),
        ("Features", parts.join(*(parts.tag(feature(name)) for name in card.features), by=" ")),
        ("Versions", f"model {card.version[:12]}, features {card.feature_version[:12]}"),
    ]
    if record:
        rows.append(("Bars", parts.span(record.data[:12], hint=record.data)))
        rows.append(("Trials", f"{record.tried:,}, this training's and earlier ones'"))
    return parts.table(_FACTS, [(parts.span(name, "muted"), value) for name, value in rows])
