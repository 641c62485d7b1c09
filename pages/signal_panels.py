"""The panels of the Signals page, each drawn from one Snapshot."""

from math import ceil, floor

import streamlit as st

from marketpulse.types import Card, Edge, ModelStage, Side, Signal, Snapshot, Vote
from pages import charts, model_card, parts
from pages.parts import Column, Markup

__all__ = ["chosen", "reliability", "votes", "why"]

PUSHES = 12
"""Rows of contributions shown."""

_STAGES = {
    ModelStage.WAITING: "The model waits",
    ModelStage.TRAINING: "The model is training",
    ModelStage.READY: "No signal yet",
    ModelStage.FAILED: "There is no model",
}


def votes(now: Snapshot) -> None:
    """Every instrument with its probability beside the base rate, or why it has none."""
    card = now.model.card
    horizon = f"p: the close is higher in {card.horizon} days · tick: base rate" if card else ""
    parts.title("Signals", horizon)
    if card is None or now.model.stage is not ModelStage.READY:
        _stage(now)
    if card:
        parts.html(model_card.verdict(card))
    symbols = _symbols(now)
    scale = _scale(now)
    columns = (
        Column("Symbol"), Column("p", "right"), Column("Base", "right"),
        Column(_ends(*scale) if scale else "", "", "20%"), Column("", "wide"), Column("Model, bar", "wide"),
        Column("In words", "clip wide", "34%"),
    )  # fmt: skip
    picked = chosen(now)
    rows = [_row(symbol, now, scale) for symbol in symbols]
    kinds = ["on" if symbol == picked else "" for symbol in symbols]
    parts.pick_table(parts.table(columns, rows, row_kinds=kinds), symbols, "signal_rows", _choose, "Why of")


def _stage(now: Snapshot) -> None:
    """Where the model is, as long as it cannot vote."""
    model = now.model
    if model.stage is ModelStage.TRAINING:
        parts.html(
            parts.progress(model.progress, f"{_STAGES[model.stage]}, {model.progress:.0%}. {model.note}")
        )
    else:
        kind: parts.Tone = "warn" if model.stage is ModelStage.FAILED else ""
        parts.html(parts.note(parts.join(parts.bold(f"{_STAGES[model.stage]}. "), model.note), kind))


def _choose(symbol: str) -> None:
    st.session_state.signal_symbol = symbol


def _symbols(now: Snapshot) -> list[str]:
    """Everything that trades, what has a signal first."""
    names = [instrument.symbol for instrument in now.instruments.values() if instrument.tradable]
    return sorted(
        names, key=lambda name: now.signals.get(name) is None or now.signals[name].probability is None
    )


def chosen(now: Snapshot) -> str:
    """The symbol whose row was pressed, at first that of the first row."""
    picked = str(st.session_state.get("signal_symbol", ""))
    return picked if picked in now.instruments else next(iter(_symbols(now)), "")


def _scale(now: Snapshot) -> tuple[float, float] | None:
    """The ends of the bars, on whole 5 %, with room on both sides; None while nobody votes."""
    said = [x for s in now.signals.values() for x in (s.probability, s.base_rate) if x is not None]
    if not said:
        return None
    return max(0.0, floor(min(said) * 20 - 0.5) / 20), min(1.0, ceil(max(said) * 20 + 0.5) / 20)


def _ends(low: float, high: float) -> Markup:
    return parts.span(parts.join(parts.span(f"{low:.0%}"), parts.span(f"{high:.0%}")), "ends")


def _row(symbol: str, now: Snapshot, scale: tuple[float, float] | None) -> tuple[object, ...]:
    signal = now.signals.get(symbol)
    name = parts.bold(symbol)
    if signal is None or signal.probability is None or scale is None:
        words = parts.span(_silence(symbol, signal, now), "muted", "small")
        return (
            name,
            parts.span("abstains", "muted"),
            "",
            "",
            "",
            parts.span(signal.bar if signal else "", "muted", "small"),
            words,
        )
    (low, high), said, base = scale, signal.probability, signal.base_rate
    kind: parts.Tone = "muted" if signal.edge is Edge.NONE else "accent"
    mark = (base - low) / (high - low) if base is not None else None
    return (
        name,
        parts.bold(parts.percent(said)),
        parts.span(parts.percent(base), "muted"),
        parts.bar((said - low) / (high - low), kind, mark),
        parts.tag(signal.edge.value, "" if signal.edge is Edge.NONE else "accent"),
        parts.span(f"{signal.model} {signal.bar}", "muted", "small"),
        parts.span(_short(signal), "small"),
    )


def _short(signal: Signal) -> str:
    """The model's own reason; the whole sentence stands beside the chosen symbol."""
    return next((vote.why for vote in signal.votes if vote.why), signal.sentence)


def _silence(symbol: str, signal: Signal | None, now: Snapshot) -> str:
    """Why nothing is said of it."""
    if signal is not None:
        vote = next((vote for vote in signal.votes if vote.why), None)
        return signal.sentence or (vote.why if vote else "The model abstains.")
    datum = now.market.get(symbol)
    if datum is not None and datum.simulated:
        return "Simulated prices: never learned from, never voted on."
    if now.model.stage is not ModelStage.READY:
        return "No vote before the model is ready."
    return "No vote yet: one is given after each closed bar."


def why(now: Snapshot) -> None:
    """What moved the vote on the chosen instrument."""
    symbol = chosen(now)
    signal = now.signals.get(symbol)
    parts.title(f"Why {symbol}", f"bar of {signal.bar}" if signal else "")
    if signal is None or signal.probability is None:
        parts.html(parts.empty("No vote", _silence(symbol, signal, now)))
    else:
        _reasons(signal)
    st.space("stretch")
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("Open ticket", key="signal_ticket", icon=":material/receipt_long:"):
            parts.ticket(symbol, Side.BUY)


def _reasons(signal: Signal) -> None:
    said, base = signal.probability, signal.base_rate
    apart = None if said is None or base is None else (said - base) * 100
    parts.html(
        parts.kv(
            [
                ("Probability", parts.percent(said), f"higher in {signal.horizon} days"),
                ("Base rate", parts.percent(base), "without a model"),
                ("Apart", parts.number(apart, 1, plus=True), "points"),
            ],
            3,
        )
    )
    for vote in signal.votes:
        if vote.contributions:
            parts.html(_pushes(vote))
        parts.html(parts.span(f"{vote.model}: {vote.why}.", "muted", "small"))
    parts.html(parts.span(signal.sentence, "small"))


def _pushes(vote: Vote) -> Markup:
    """What moved the vote, the strongest first."""
    strongest = sorted(vote.contributions, key=lambda push: -abs(push[1]))[:PUSHES]
    full = max(abs(push) for _, push in strongest) or 1.0
    rows = [
        (
            name.replace("_", " "),
            parts.lean(push / full, "accent" if push > 0 else "muted"),
            parts.number(push, 2, plus=True),
        )
        for name, push in strongest
    ]
    columns = (Column("The model leans on"), Column("", "", "38%"), Column("Log-odds", "right"))
    return parts.table(columns, rows)


def reliability(card: Card) -> None:
    """Whether what was said came true."""
    score = card.score
    parts.title("Said and came true", f"{score.n:,} rows" if score else "")
    if score is None or not score.calibration:
        parts.html(parts.empty("No score", "There was too little data to test the model on."))
        return
    charts.show(
        charts.reliability_figure(score.calibration, card.base_rate, parts.palette()), "reliability", 262
    )
    parts.html(
        parts.span(
            "Bars: 95%. Grey: how often it was said. On the dotted line, words and facts agree.",
            "muted",
            "small",
        )
    )
