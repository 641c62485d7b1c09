"""Fields of a form that the desk may fill, whatever the browser is sending at that moment.

Two things would lose what stands in a field. A browser repeats the value of every widget with each
request, also with the timed one that is already on its way when a callback fills a field; so for a
moment after a field was filled, the very value that was replaced counts as such an echo. And the
state of a widget goes when it is not on screen; so what was drawn last is kept beside it.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any

import streamlit as st

__all__ = ["get", "keep", "put", "ready"]

ECHO = 2.0
"""Seconds for which the replaced value is taken for an echo; nobody types it again that fast."""


@dataclass(frozen=True, slots=True)
class _Filled:
    """The last time a field was filled by the desk; ``at`` is monotonic seconds."""

    before: object
    after: object
    at: float


def put(name: str, value: object) -> None:
    """Fill a field; in callbacks, or before its widget is drawn."""
    state = st.session_state
    state[f"{name}_filled"] = _Filled(get(name), value, monotonic())
    state[f"{name}_kept"] = value
    if name in state:
        state[name] = value


def get(name: str) -> Any:
    """What stands in a field now; None before it was ever filled."""
    state = st.session_state
    value = state.get(name)
    if value is None:
        value = state.get(f"{name}_kept")
    filled: _Filled | None = state.get(f"{name}_filled")
    if filled is None or value != filled.before or monotonic() - filled.at >= ECHO:
        return value
    return filled.after


def ready(name: str) -> Any:
    """Put the field's value in place before its widget is drawn under ``name``, and give it.

    Draw the widget with this value as its default: a browser that had to drop the widget and gets
    it again starts from there.
    """
    value = get(name)
    if name in st.session_state and st.session_state[name] != value:
        st.session_state[name] = value
    return value


def keep(name: str) -> None:
    """Remember what stands in a field whose widget has just been drawn."""
    if st.session_state[name] is not None:
        st.session_state[f"{name}_kept"] = st.session_state[name]
