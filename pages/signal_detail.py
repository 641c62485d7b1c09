"""One signal in full: what its call rests on, its reasons, its ballots, and the facts it was frozen with."""

import streamlit as st

from marketpulse.types import Call, Issued, Side, Signal, Snapshot, Vote
from pages import parts
from pages.model_words import call_mark, edge_tag, feature, whole
from pages.parts import Column, Markup
from pages.signal_panels import silence

__all__ = ["ballots", "frozen", "why"]

PUSHES = 6
"""Rows of contributions shown."""

_BALLOTS = (
    Column("Member", "wrap"), Column("Raw", "right"), Column("Calibrated", "right"),
    Column("Weight", "right", "20%"), Column("Kept", "right"), Column("Skill", "right"),
)  # fmt: skip
_FACTS = (Column(""), Column("", "wrap"))
_SHORT = 16
"""Characters of a hash shown; the whole is under the pointer."""


def why(symbol: str, now: Snapshot) -> None:
    """The call on the chosen instrument, what it rests on, and what moved it."""
    signal = now.signals.get(symbol)
    parts.title(f"Why {symbol}", f"bar of {signal.bar}" if signal else "")
    if signal is None or signal.probability is None:
        parts.html(parts.empty("No vote", silence(symbol, signal, now)))
    else:
        parts.html(_rests(signal))
        for caveat in signal.caveats:
            parts.html(parts.note(caveat, "warn"))
        parts.html(_pushes(_reasons(signal), heard=any(vote.weight for vote in signal.votes)))
        parts.html(parts.span(signal.sentence, "small"))
    st.space("stretch")
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("Open ticket", key="signal_ticket", icon=":material/receipt_long:"):
            way = Side.SELL if signal is not None and signal.call is Call.DOWN else Side.BUY
            parts.ticket(symbol, way)


def _rests(signal: Signal) -> Markup:
    """The numbers a call is made of: the pool, what it is read against, what it needs, who agrees."""
    said, base = signal.probability, signal.base_rate
    apart = None if said is None or base is None else (said - base) * 100
    rows: list[tuple[object, object, object]] = [
        ("Pool", parts.percent(said), f"higher in {signal.horizon} bars"),
        ("Base rate", parts.percent(base), "without a model"),
        ("Apart", parts.number(apart, 1, plus=True), "points"),
    ]
    if signal.needed is not None:
        rows.append(("Needed", parts.number(signal.needed * 100, 1), "points, to pay its costs"))
    if signal.agreed is not None:
        rows.append(("Agreed", parts.percent(signal.agreed, 0), "of the weight, 60% needed"))
    if signal.right is not None:
        rows.append(("Chance it is right", parts.percent(signal.right), "scales the size only"))
    head = parts.join(call_mark(signal.call), edge_tag(signal.edge), signal.why, by=" ")
    return parts.join(parts.note(head), parts.kv(rows, 3))


def _reasons(signal: Signal) -> tuple[tuple[str, float], ...]:
    """Of the consensus; of the one model where there is no consensus."""
    if signal.reasons or len(signal.votes) != 1:
        return signal.reasons
    return signal.votes[0].contributions


def _pushes(reasons: tuple[tuple[str, float], ...], *, heard: bool) -> Markup:
    """What moved the vote, the strongest first."""
    strongest = sorted(reasons, key=lambda push: -abs(push[1]))[:PUSHES]
    if not strongest:
        why = "nothing is kept of the opinions heard" if heard else "nobody with skill was heard"
        return parts.span(f"No feature moved it: {why}.", "muted", "small")
    full = max(abs(push) for _, push in strongest) or 1.0
    rows = [
        (
            feature(name),
            parts.lean(push / full, "accent" if push > 0 else "muted"),
            parts.number(push, 3, plus=True),
        )
        for name, push in strongest
    ]
    columns = (Column("What moved it", "wrap"), Column("", "", "34%"), Column("Log-odds", "right"))
    return parts.table(columns, rows)


def ballots(symbol: str, now: Snapshot) -> None:
    """Who said what, how much of it is kept, and how much each is heard."""
    signal = now.signals.get(symbol)
    parts.title(f"Votes on {symbol}", "a weight of 0 is not heard · skill: calibrated, before shrinking")
    if signal is None or not signal.votes:
        parts.html(parts.empty("No vote", silence(symbol, signal, now)))
        return
    rows = [_ballot(vote) for vote in signal.votes]
    kinds = ["" if vote.probability is not None else "off" for vote in signal.votes]
    parts.html(parts.scroll(parts.table(_BALLOTS, rows, row_kinds=kinds)))
    for vote in signal.votes:
        if vote.why:
            parts.html(
                parts.span(parts.join(parts.bold(vote.model), ": ", whole(vote.why)), "muted", "small")
            )
    if signal.shadow is not None:
        version, said = signal.shadow
        trial = f"On trial, deciding nothing: model {version[:8]} says {parts.percent(said)}."
        parts.html(parts.span(trial, "muted", "small"))


def _ballot(vote: Vote) -> tuple[object, ...]:
    silent = vote.probability is None
    return (
        parts.bold(vote.model) if vote.weight else parts.span(vote.model),
        parts.span(parts.percent(vote.raw), "muted"),
        parts.span("abstains", "muted") if silent else parts.percent(vote.probability),
        parts.weight(vote.weight, kind="accent" if vote.weight else "muted"),
        parts.span(parts.percent(vote.kept, 0) if vote.kept else parts.DASH, "muted"),
        parts.percent(vote.skill, 2, plus=True),
    )


def frozen(symbol: str, now: Snapshot) -> None:
    """What a recomputation must find again; by these a repaint is caught."""
    signal = now.signals.get(symbol)
    issued = next(
        (
            one
            for one in now.issued
            if signal and one.signal.symbol == symbol and one.signal.bar == signal.bar
        ),
        None,
    )
    parts.title("Frozen with", "in the ledger" if issued else "not issued" if signal else "")
    if signal is None or not signal.feature_hash:
        parts.html(parts.empty("Nothing frozen", "A signal is frozen when its bar has closed."))
        return
    parts.html(parts.table(_FACTS, [(parts.span(n, "muted"), v) for n, v in _facts(signal, issued)]))


def _facts(signal: Signal, issued: Issued | None) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("Bar", f"{signal.bar}, {signal.horizon} bars ahead"),
        ("Issued", parts.eastern(signal.time, "%Y-%m-%d %H:%M ET")),
        ("Model", parts.join(signal.model, " ", _hash(signal.model_version))),
        ("Features", parts.join(_hash(signal.feature_hash), " of ", _hash(signal.feature_version))),
        ("Bars", _hash(signal.data_hash)),
        ("Answered by", signal.served or parts.DASH),
        ("Regime", signal.regime or parts.DASH),
    ]
    return [*rows, ("Recomputed", _checked(issued))] if issued else rows


def _hash(text: str) -> Markup:
    return parts.span(text[:_SHORT] or parts.DASH, "nowrap", hint=text)


def _checked(issued: Issued) -> Markup:
    if issued.repaint is not None:
        return parts.span(f"{issued.repaint.code}: {issued.repaint.sentence}", "down")
    if issued.checked is None:
        return parts.span("not yet", "muted")
    return parts.span(f"the same on {parts.eastern(issued.checked, '%Y-%m-%d %H:%M ET')}")
