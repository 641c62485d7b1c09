"""Models: what serves each class of instruments, the evidence for it, its health, and its training."""

import streamlit as st

from marketpulse import desk
from marketpulse.types import ModelView, Snapshot
from pages import model_card, model_panels, parts
from pages.model_words import kind_word, views


def versions(now: Snapshot) -> str:
    """What the panels below the heads were drawn from."""
    return " ".join(f"{view.kind}:{view.card.version if view.card else ''}" for view in views(now))


@st.fragment(run_every=parts.REFRESH)
def heads() -> None:
    """One card for each class, again every two seconds."""
    now = desk.current().snapshot()
    drawn = versions(now)
    if st.session_state.setdefault("models_drawn", drawn) != drawn:
        st.session_state.models_drawn = drawn
        st.rerun()  # the evidence is drawn with the page
    shown = views(now)
    for column, view in zip(st.columns(len(shown), gap="xsmall"), shown, strict=True):
        with column, parts.panel(f"head_{view.kind}"):
            model_panels.head(view, now)
    parts.show_said()


def chosen(now: Snapshot) -> ModelView:
    """The class whose evidence is shown; only asked for where there are several."""
    shown = {view.kind.value: view for view in views(now)}
    if len(shown) == 1:
        return next(iter(shown.values()))
    picked = st.segmented_control(
        "Evidence of",
        list(shown),
        default=next(iter(shown)),
        format_func=lambda name: kind_word(shown[name].kind),
        required=True,
        label_visibility="collapsed",
        key="models_kind",
        persist_state="session",
    )
    return shown.get(str(picked)) or next(iter(shown.values()))


def evidence(view: ModelView) -> None:
    """What the training left; it changes only when another model serves."""
    card = view.card
    if card is None:
        with parts.panel("no_card", stretch=False):
            parts.title("Evidence", kind_word(view.kind))
            parts.html(
                parts.empty("No model yet", "Until one is trained, the desk says the base rate and no more.")
            )
        return
    left, middle, right = st.columns([1, 1.25, 1.15], gap="xsmall")
    with left, parts.panel("reliability"):
        model_panels.reliability(card)
    with middle, parts.panel("score"):
        model_panels.score(view, card)
    with right, parts.panel("members"):
        model_panels.members(view)


@st.fragment(run_every=parts.REFRESH)
def state(kind: str) -> None:
    """Health, drift and serving, again every two seconds."""
    shown = views(desk.current().snapshot())
    view = next((one for one in shown if one.kind.value == kind), shown[0])
    left, middle, right = st.columns([1, 1.25, 1.15], gap="xsmall")
    with left, parts.panel("health"):
        model_panels.health(view)
    with middle, parts.panel("serving"):
        model_panels.serving(view)
    with right, parts.panel("drift"):
        model_panels.drift(view)


def facts(view: ModelView) -> None:
    """What the model is made of."""
    if view.card is not None:
        with parts.panel("card", stretch=False):
            parts.title(f"Model card · {view.card.name}", f"version {view.card.version[:12]}")
            parts.html(model_card.facts(view.card, view.record))


def main() -> None:
    """Lay out the page; each fragment keeps to its own box."""
    with parts.alone():
        heads()
    view = chosen(desk.current().snapshot())
    evidence(view)
    with parts.alone():
        state(view.kind.value)
    facts(view)


main()
