"""How issued signals did: the scoreboard, the reliability of what was said live, and each one's outcome."""

from datetime import date, timedelta

import numpy as np
import streamlit as st

from marketpulse.types import AssetClass, Call, Issued, ScoreLine, Snapshot
from pages import charts, parts
from pages.model_words import call_mark
from pages.parts import Column, Markup

__all__ = ["issued", "lines", "reliability"]

MOST = 24
"""Issued signals shown, the newest."""

FEWEST = 30
"""Ended signals before a picture of them says anything."""

NARROW = 0.02
"""Opinions that lie closer together than this fraction make no picture."""

GROUPS = {"model": "Model", "symbol": "Symbol", "regime": "Regime"}

_LINES = (
    Column("", "wrap"), Column("Ended", "right"), Column("Open", "right"), Column("Brier skill", "right"),
    Column("95% interval", "right"), Column("Log loss", "right"), Column("Calls right", "right"),
    Column("Base rate's", "right"), Column("A call, after costs", "right"),
)  # fmt: skip
_ISSUED = (
    Column("Bar"), Column("Symbol"), Column("Call"), Column("p", "right"), Column("Base", "right"),
    Column("Became"), Column("Brier", "right"), Column("Base's", "right"), Column("After costs", "right"),
    Column("Model"), Column("Recomputed", "clip", "22%"),
)  # fmt: skip


def lines(now: Snapshot) -> None:
    """All signals together, then by what was chosen: each against always saying the base rate."""
    board = now.scores
    told = f"{board.issued:,} issued since {board.since} · {board.ended:,} ended" if board.issued else ""
    parts.title("Scoreboard", told)
    if board.repainted:
        said = f"{board.repainted} came out otherwise when recomputed; see the list of issued signals."
        parts.html(parts.note(parts.join(parts.bold("Repainted. ", "down"), said), "down"))
    if not board.ended:
        parts.html(parts.empty("Nothing has ended yet", _first(now)))
        return
    groups = [name for name in GROUPS if any(line.group == name for line in board.lines)]
    picked = None
    if groups:
        picked = st.segmented_control(
            "By",
            groups,
            default=groups[0],
            format_func=GROUPS.__getitem__,
            required=True,
            label_visibility="collapsed",
            key="score_group",
            persist_state="session",
        )
    rows = [_line(line) for line in board.lines if line.group in ("all", picked)]
    parts.html(parts.scroll(parts.table(_LINES, rows)))
    parts.html(
        parts.span(
            "Skill is the error beside that of always saying the base rate. An interval that holds zero shows "
            "nothing; a dash means too few have ended to tell.",
            "muted",
            "small",
        )
    )


def _line(line: ScoreLine) -> tuple[object, ...]:
    name = parts.bold("All signals") if line.group == "all" else parts.span(line.name)
    between = parts.DASH
    if line.skill_low is not None and line.skill_high is not None:
        low, high = (parts.percent(x, plus=True) for x in (line.skill_low, line.skill_high))
        between = f"{low} to {high}"
    shown = line.skill_low is not None and line.skill_low > 0
    return (
        name,
        f"{line.n:,}",
        parts.span(f"{line.open:,}", "muted"),
        parts.bold(parts.percent(line.skill, 2, plus=True), "accent" if shown else ""),
        parts.span(between, "muted"),
        parts.number(line.log_loss, 4),
        _share(line.right, line.calls),
        parts.span(_share(line.base_right, line.calls), "muted"),
        parts.span(parts.percent(line.profit, 2, plus=True), parts.tone(line.profit)),
    )


def _share(part: int, calls: int) -> str:
    return f"{parts.percent(part / calls, 0)} of {calls:,}" if calls else parts.DASH


def _first(now: Snapshot) -> str:
    """When something can be scored for the first time."""
    waiting = [(_ends(one, now), one) for one in now.issued if one.outcome is None]
    if not waiting:
        return "A signal is frozen after each closed bar and scored when its horizon ends."
    ends, one = min(waiting, key=lambda pair: pair[0])
    signal = one.signal
    return (
        f"The first horizon is that of {signal.symbol}, issued on {signal.bar} for {signal.horizon} bars: "
        f"it ends about {ends}, holidays not counted."
    )


def _ends(one: Issued, now: Snapshot) -> str:
    """The day on which a horizon of daily bars ends, where no holiday lies between."""
    signal, instrument = one.signal, now.instruments.get(one.signal.symbol)
    begun = date.fromisoformat(signal.bar[:10])
    if instrument is not None and instrument.asset_class is AssetClass.CRYPTO:
        return (begun + timedelta(days=signal.horizon)).isoformat()
    return str(np.busday_offset(np.datetime64(begun, "D"), signal.horizon, roll="forward"))


def reliability(now: Snapshot) -> None:
    """Whether what was said live came true."""
    whole = next((line for line in now.scores.lines if line.group == "all"), None)
    parts.title("Said live and came true", f"{whole.n:,} ended" if whole else "")
    if whole is None or not whole.calibration or whole.n < FEWEST:
        parts.html(parts.empty("Too few have ended", f"The picture is drawn from {FEWEST} ended signals on."))
        return
    rows = sum(count for _, _, count in whole.calibration)
    share = sum(true * count for _, true, count in whole.calibration) / rows
    least, most = (end(said for said, _, _ in whole.calibration) for end in (min, max))
    if most - least < NARROW:
        parts.html(
            parts.empty(
                "All said nearly the same",
                f"Their mean per tenth lay between {parts.percent(least)} and {parts.percent(most)}; "
                f"{parts.percent(share)} rose.",
            )
        )
        return
    figure = charts.reliability_figure(whole.calibration, share, parts.palette())
    charts.show(figure, "live_reliability", 250)


def issued(now: Snapshot) -> None:
    """The frozen signals with what became of them."""
    shown = now.issued[:MOST]
    told = f"the newest {len(shown)} of {max(now.scores.issued, len(shown)):,}, frozen in the ledger"
    parts.title("Issued signals", told if shown else "")
    if not shown:
        parts.html(parts.empty("None issued yet", "One is frozen for each instrument after each closed bar."))
        return
    rows = [_issued(one, now) for one in shown]
    kinds = ["bad" if one.repaint else "" for one in shown]
    parts.html(parts.scroll(parts.table(_ISSUED, rows, row_kinds=kinds)))


def _issued(one: Issued, now: Snapshot) -> tuple[object, ...]:
    signal, outcome = one.signal, one.outcome
    head = (
        signal.bar,
        parts.bold(signal.symbol),
        call_mark(signal.call),
        parts.percent(signal.probability),
        parts.span(parts.percent(signal.base_rate), "muted"),
    )
    tail = (parts.span(f"{signal.model} {signal.model_version[:8]}", "muted", "small"), _recomputed(one))
    if outcome is None:
        return (*head, parts.span(f"open, about {_ends(one, now)[5:]}", "muted", "small"), "", "", "", *tail)
    profit = parts.span(parts.percent(outcome.profit, 2, plus=True), parts.tone(outcome.profit))
    return (
        *head,
        _became(one),
        parts.number(outcome.brier, 3),
        parts.span(parts.number(outcome.brier_base, 3), "muted"),
        "" if signal.call is Call.NONE else profit,
        *tail,
    )


def _became(one: Issued) -> Markup:
    """Rose or fell; a dot says whether a call was right."""
    if one.outcome is None:
        return Markup("")
    word = "rose" if one.outcome.rose else "fell or stood"
    if one.call is Call.NONE:
        return parts.span(word)
    right = one.outcome.rose is (one.call is Call.UP)
    return parts.join(parts.dot("up" if right else "down"), word, " · right" if right else " · wrong")


def _recomputed(one: Issued) -> Markup:
    if one.repaint is not None:
        words = f"{one.repaint.code}: {one.repaint.sentence}"
        return parts.join(parts.tag("REPAINT", "down", hint=words), parts.span(words, "small"), by=" ")
    if one.checked is None:
        return parts.span("not yet", "muted", "small")
    return parts.span("the same", "muted", "small")
