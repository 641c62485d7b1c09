"""Fields of a form that the desk may fill, whatever the browser is sending at that moment.

A browser repeats the value of every widget with each request, also with the timed one that is
already on its way when a callback fills a field; that request would put the old value back. So for
a moment after a field was filled, the very value that was replaced counts as such an echo.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any

import streamlit as st

__all__ = ["get", "put", "ready"]

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
    state[_note(name)] = _Filled(state.get(name), value, monotonic())
    state[name] = value


def get(name: str) -> Any:
    """What stands in a field now; None before it was ever filled."""
    value = st.session_state.get(name)
    filled: _Filled | None = st.session_state.get(_note(name))
    if filled is None or value != filled.before or monotonic() - filled.at >= ECHO:
        return value
    return filled.after


def ready(name: str) -> str:
    """Give the key to draw the field's widget with, its value in place."""
    value = get(name)
    if st.session_state.get(name) != value:
        st.session_state[name] = value
    return name


def _note(name: str) -> str:
    return f"{name}_filled"
