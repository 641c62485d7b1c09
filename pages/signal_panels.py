"""The first panel of the Signals page: what is said of each instrument, each drawn from one Snapshot."""

from math import ceil, floor

import streamlit as st

from marketpulse.types import Edge, ModelStage, ModelView, Signal, Snapshot
from pages import model_card, parts
from pages.model_words import call_mark, edge_tag, edge_tone, kind_word, views
from pages.parts import Column, Markup

__all__ = ["chosen", "silence", "votes"]

_STAGES = {
    ModelStage.WAITING: "The model waits",
    ModelStage.TRAINING: "The model is training",
    ModelStage.READY: "No signal yet",
    ModelStage.FAILED: "There is no model",
}


def votes(now: Snapshot) -> None:
    """Every instrument with its call and its probability beside the base rate, or why it has none."""
    card = next((view.card for view in views(now) if view.card), None)
    ahead = card.horizon if card else next((s.horizon for s in now.signals.values()), None)
    parts.title("Signals", f"p: the close is higher in {ahead} bars · tick: base rate" if ahead else "")
    for view in views(now):
        _state(view, alone=len(views(now)) == 1)
    symbols = _symbols(now)
    scale = _scale(now)
    columns = (
        Column("Symbol"), Column("Call"), Column("p", "right"), Column("Base", "right"),
        Column(_ends(*scale) if scale else "", "wide", "17%"), Column("Agreed", "right wide"), Column("Edge"),
        Column("Bar", "wide"), Column("In words", "clip wide", "30%"),
    )  # fmt: skip
    picked = chosen(now)
    rows = [_row(symbol, now, scale) for symbol in symbols]
    kinds = ["on" if symbol == picked else "" for symbol in symbols]
    table = parts.table(columns, rows, row_kinds=kinds)
    if parts.pick_table(table, symbols, "signal_rows", _choose, "Why of"):
        st.rerun()  # the ladder is another fragment


def _state(view: ModelView, *, alone: bool) -> None:
    """How far the training of one class is, and what its score allows us to say."""
    who = "" if alone else f"{kind_word(view.kind)}: "
    if view.stage is ModelStage.TRAINING:
        said = f"{who}{_STAGES[view.stage]}, {view.progress:.0%}. {view.note}"
        parts.html(parts.progress(view.progress, said))
    elif view.stage is not ModelStage.READY or view.card is None:
        kind: parts.Tone = "warn" if view.stage is ModelStage.FAILED else ""
        parts.html(parts.note(parts.join(parts.bold(f"{who}{_STAGES[view.stage]}. "), view.note), kind))
    if view.card:
        parts.html(model_card.verdict(view.card, view.record, who))


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
        words = parts.span(silence(symbol, signal, now), "muted", "small")
        bar = parts.span(signal.bar if signal else "", "muted", "small")
        return name, parts.span("abstains", "muted"), "", "", "", "", "", bar, words
    (low, high), said, base = scale, signal.probability, signal.base_rate
    kind: parts.Tone = "muted" if signal.edge is Edge.NONE else edge_tone(signal.edge)
    mark = (base - low) / (high - low) if base is not None else None
    return (
        name,
        parts.join(call_mark(signal.call), _caveats(signal), by=" "),
        parts.bold(parts.percent(said)),
        parts.span(parts.percent(base), "muted"),
        parts.bar((said - low) / (high - low), kind, mark),
        parts.span(parts.percent(signal.agreed, 0), "muted"),
        edge_tag(signal.edge),
        parts.span(signal.bar, "muted", "small"),
        parts.span(_short(signal), "small"),
    )


def _caveats(signal: Signal) -> Markup:
    """How many things are to be held against it; they are read in full beside the chosen symbol."""
    count = len(signal.caveats)
    words = f"{count} caveat{'s' if count > 1 else ''}: {' '.join(signal.caveats)}"
    return parts.tag(f"{count} !", "warn", hint=words) if count else Markup("")


def _short(signal: Signal) -> str:
    """The consensus in a sentence; the model's own reason where there is none."""
    return signal.why or next((vote.why for vote in signal.votes if vote.why), signal.sentence)


def silence(symbol: str, signal: Signal | None, now: Snapshot) -> str:
    """Why nothing is said of it."""
    if signal is not None:
        vote = next((vote for vote in signal.votes if vote.why), None)
        return signal.sentence or (vote.why if vote else "The model abstains.")
    datum = now.market.get(symbol)
    if datum is not None and datum.simulated:
        return "Simulated prices: never learned from, never voted on."
    instrument = now.instruments.get(symbol)
    mine = [view for view in views(now) if instrument and view.kind is instrument.asset_class] or views(now)
    if all(view.card is None for view in mine):
        return "No vote before the model is ready."
    return "No vote yet: one is given after each closed bar."
