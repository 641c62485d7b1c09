"""The panels of the Models page: one head for each class, and the evidence of the chosen one."""

from functools import partial

import streamlit as st

from marketpulse import desk
from marketpulse.types import (
    Card,
    DriftLine,
    HealthPart,
    MemberLine,
    ModelStage,
    ModelView,
    Serving,
    Snapshot,
)
from pages import charts, deeds, model_card, parts
from pages.model_words import edge_tag, kind_word, whole
from pages.parts import Column, Markup

__all__ = ["drift", "head", "health", "members", "reliability", "score", "serving"]

_MARKS: dict[bool | None, tuple[str, parts.Tone]] = {
    True: ("✓", "muted"),
    False: ("✕", "warn"),
    None: ("?", "muted"),
}

WATCH, ACT = 0.10, 0.25
"""From these population stability indices on a feature is watched, and acted upon."""

MOST = 12
"""Features shown."""

_STANDING = {
    ModelStage.WAITING: "it waits",
    ModelStage.TRAINING: "it is training",
    ModelStage.READY: "the last training",  # what came of it need not be what serves
    ModelStage.FAILED: "its training failed",
}
_MEMBERS = (
    Column("Member", "wrap"), Column("Rows", "right wide"), Column("AUC", "right"), Column("Skill", "right"),
    Column("Sharpe", "right"), Column("Vote", "right", "22%"), Column("Kept", "right"),
)  # fmt: skip
_HEALTH = (Column("Part", "hang"), Column("Now, and what it should be", "right wrap", "42%"))
_DRIFT = (
    Column("Feature", "wrap"), Column("", "", "20%"), Column("PSI", "right"), Column("", ""), Column("KS p", "right"),
    Column("Bars", "right wide"),
)  # fmt: skip
_SERVING = (Column("Member"), Column("Answers by"), Column("", "wrap"))


def head(view: ModelView, now: Snapshot) -> None:
    """What serves one class of instruments, its word, its health, its training."""
    card = view.card
    told = f"{card.name} {card.version[:12]}" if card else "base rate only"
    parts.title(kind_word(view.kind), told)
    if view.stage is ModelStage.TRAINING:
        parts.html(parts.progress(view.progress, f"Training, {view.progress:.0%}. {view.note}"))
    elif view.note or card is None:
        tone: parts.Tone = "warn" if view.stage is ModelStage.FAILED else ""
        words = view.note or "Its score, its calibration and what it was trained on come here."
        parts.html(parts.note(parts.join(parts.bold(f"{_standing(view)}. "), words), tone))
    if card:
        parts.html(parts.kv(_key_values(view, card, now), 4))
        parts.html(model_card.verdict(card, view.record))
    if view.record and view.record.verdict:
        tone = "" if view.record.promoted else "warn"
        parts.html(parts.note(parts.join(parts.bold("Against the one before: "), view.record.verdict), tone))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Train now",
            key=f"train_{view.kind}",
            icon=":material/model_training:",
            disabled=view.stage is ModelStage.TRAINING,
            on_click=_train,
            args=(view,),
        )
        parts.html(parts.span(_due(view, now), "muted", "small"), width="content")


def _standing(view: ModelView) -> str:
    word = _STANDING[view.stage]
    return f"No model yet: {word}" if view.card is None else word.capitalize()


def _train(view: ModelView) -> None:
    kind = view.kind.value
    deeds.attempt(
        partial(desk.current().train, kind),
        f"The training for {kind_word(view.kind).lower()} begins; the desk goes on meanwhile.",
        "model_training",
        "No training was begun",
    )


def _due(view: ModelView, now: Snapshot) -> str:
    """When the next training begins by itself."""
    if view.stage is ModelStage.TRAINING:
        return "One runs now."
    if view.due is None:
        return "No training is planned."
    when = parts.eastern(view.due, "%Y-%m-%d %H:%M ET")
    left = parts.duration(view.due - now.time)
    return f"The next training begins by itself on {when}, in {left}."


def _key_values(view: ModelView, card: Card, now: Snapshot) -> list[tuple[object, object, object]]:
    passed, told = sum(one.passed is True for one in view.health), len(view.health)
    path = next((one for one in view.servings if one.model == "ensemble"), None)
    p50, p99 = view.latency or (None, None)
    record, resting = view.record, sum(one.state != "closed" for one in view.rests)
    rows: list[tuple[object, object, object]] = [
        ("Edge", edge_tag(card.edge), ""),
        ("Answers by", path.path.value if path else "numpy", f"{resting} rest" if resting else ""),
        ("Health", f"{passed} of {told}" if told else parts.DASH, "parts pass" if told else "not measured"),
        ("A signal takes", _milliseconds(p50), f"p99 {_milliseconds(p99)}" if p99 else "none made yet"),
        ("Rows", f"{card.rows:,}", f"{len(card.symbols)} symbols"),
        ("Period", card.last_bar, f"since {card.first_bar}"),
        ("Trained", parts.eastern(card.trained, "%b %d %H:%M ET"), f"{parts.age(now.age(card.trained))} ago"),
    ]
    trials = (f"{record.tried:,}", f"{len(record.members)} in this training") if record else (parts.DASH, "")
    return [*rows, ("Trials", *trials)]


def _milliseconds(seconds: float | None) -> str:
    return parts.DASH if seconds is None else parts.number(seconds * 1e3, 2, suffix=" ms")


def reliability(card: Card) -> None:
    """Whether what was said came true on rows that the training had not seen."""
    score = card.score
    parts.title("Said and came true", f"{score.n:,} rows out of sample" if score else "")
    if score is None or not score.calibration:
        parts.html(parts.empty("No score", "There was too little data to test the model on."))
        return
    figure = charts.reliability_figure(score.calibration, card.base_rate, parts.palette())
    charts.show(figure, "reliability", 262)
    parts.html(
        parts.span(
            "Bars: 95%. Grey: how often it was said. On the dotted line, words and facts agree.",
            "muted",
            "small",
        )
    )


def score(view: ModelView, card: Card) -> None:
    """Each measure with its interval and what it has to beat."""
    parts.title("Out of sample", model_card.period(card))
    parts.html(parts.scroll(model_card.scores(card, view.record)))


def members(view: ModelView) -> None:
    """What each member did out of sample, and how much it is heard."""
    parts.title("Members", "out of sample · AUC less the base rate · skill: as said, shrunk")
    record = view.record
    if record is None or not record.members:
        parts.html(
            parts.empty("One model only", "The ensemble's members stand here once it has been trained.")
        )
        return
    parts.html(parts.scroll(parts.table(_MEMBERS, [_member(one) for one in record.members])))


def _member(one: MemberLine) -> tuple[object, ...]:
    return (
        parts.bold(one.name) if one.share else one.name,
        f"{one.n:,}",
        parts.number(one.auc, 3),
        parts.percent(one.skill, 2, plus=True),
        parts.number(one.sharpe, 3),
        parts.weight(one.share, kind="accent" if one.share else "muted"),
        parts.span(parts.percent(one.kept, 0) if one.kept else parts.DASH, "muted"),
    )


def health(view: ModelView) -> None:
    """Every part with its number, its bound and what it means; no score is made of them."""
    passed = sum(one.passed is True for one in view.health)
    unknown = sum(one.passed is None for one in view.health)
    later = f", {unknown} cannot be told yet" if unknown else ""
    told = f"{passed} of {len(view.health)} parts pass{later}" if view.health else ""
    parts.title("Health", told)
    if not view.health:
        parts.html(parts.empty("Not measured yet", "Its parts stand here once a model serves."))
        return
    parts.html(parts.table(_HEALTH, [_part(one) for one in view.health]))


def _part(one: HealthPart) -> tuple[object, ...]:
    mark, tone = _MARKS[one.passed]
    name = parts.join(parts.span(mark, tone, "mark"), parts.bold(one.name))
    said = parts.span(one.sentence, "muted", "small", "block", "told")
    value = parts.span(one.value or parts.DASH, "warn" if one.passed is False else "")
    return parts.join(name, said), parts.stack(value, one.limit)


def drift(view: ModelView) -> None:
    """How far the features have moved since the training, the worst first."""
    lines = view.drift
    parts.title("Drift", f"PSI: watched from {WATCH}")
    if not lines:
        parts.html(
            parts.empty("Not measured yet", "Features are compared with the training's after each bar.")
        )
        return
    parts.html(parts.table(_DRIFT, [_drifted(one, len(lines)) for one in lines[:MOST]]))
    left = f" {len(lines) - MOST} more, none above {lines[MOST].psi:.2f}." if len(lines) > MOST else ""
    said = f"Acted upon from {ACT} where chance does not explain it: neighbouring bars hang together.{left}"
    parts.html(parts.span(said, "muted", "small"))


def _drifted(one: DriftLine, compared: int) -> tuple[object, ...]:
    """A feature; red only where its move is no chance, given how many are looked at."""
    sure = one.p_value is not None and one.p_value * compared < model_card.LUCK
    tone: parts.Tone = "muted" if one.psi < WATCH else "down" if one.psi >= ACT and sure else "warn"
    word = {"down": "act", "warn": "watch"}.get(tone, "")
    return (
        one.words or one.feature,
        parts.bar(one.psi / (2 * ACT), tone, 0.5),
        parts.number(one.psi, 2),
        parts.tag(word, tone) if word else "",
        parts.span(parts.number(one.p_value, 3), "muted"),
        parts.span(f"{one.rows:,}", "muted"),
    )


def serving(view: ModelView) -> None:
    """By which way each member answers, who rests, what is on trial, and what is missing."""
    p50, p99 = view.latency or (None, None)
    speed = f"p50 {_milliseconds(p50)} · p99 {_milliseconds(p99)} a signal" if view.latency else ""
    parts.title("Serving", speed)
    if view.servings:
        parts.html(parts.table(_SERVING, [_served(one) for one in view.servings]))
    else:
        parts.html(parts.span("One logistic model answers with numpy.", "muted"))
    for rest in view.rests:
        if rest.state == "closed":
            continue
        said = (
            f"Its breaker is {rest.state}; it is asked again in {rest.resting:.0f} s. "
            f"p99 of its last {rest.calls} calls: {_milliseconds(rest.p99)}. The last: {whole(rest.last) or 'not told.'}"
        )
        parts.html(parts.note(parts.join(parts.bold(f"{rest.model} rests. "), said), "warn"))
    if view.shadow:
        parts.html(parts.note(_trial(view)))
    for sentence in view.deep:
        parts.html(parts.note(parts.join(parts.bold("LSTM. "), sentence)))
    if view.meta:
        parts.html(parts.note(parts.join(parts.bold("Meta-model. "), view.meta)))


def _served(one: Serving) -> tuple[object, ...]:
    tone: parts.Tone = "warn" if one.faults else ""
    faults = [parts.tag(fault.value, "warn") for fault in one.faults]
    compared = ""
    if one.compared and one.worst is not None:
        compared = f" Compared on {one.compared:,} rows, apart by {one.worst:.1g} at most."
    said = parts.span(f"{whole(one.sentence)}{compared}", "muted", "small")
    return parts.bold(one.model), parts.span(one.path.value, tone), parts.join(*faults, said, by=" ")


def _trial(view: ModelView) -> Markup:
    shadow = view.shadow
    if shadow is None:
        return Markup("")
    when = parts.eastern(shadow.trained, "%Y-%m-%d")
    pair = ""
    if shadow.brier is not None and shadow.brier_serving is not None:
        pair = f" Brier {shadow.brier:.4f} beside {shadow.brier_serving:.4f} of the model that serves."
    lead = parts.bold(f"On trial, deciding nothing: {shadow.version[:12]} of {when}. ")
    return parts.join(lead, f"{whole(shadow.sentence)} {shadow.scored:,} signals scored.{pair}")
