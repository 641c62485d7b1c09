"""The colours of the theme this browser shows, for pictures that CSS cannot reach."""

from dataclasses import dataclass

import streamlit as st

__all__ = ["Palette", "is_dark", "palette"]


@dataclass(frozen=True, slots=True)
class Palette:
    """The theme's colours as hex text."""

    up: str
    down: str
    warn: str
    accent: str
    violet: str
    muted: str
    text: str
    line: str
    page: str


_DARK = Palette(
    "#2EBD85", "#F0506E", "#E0B341", "#4C8DFF", "#9B86F0", "#8B95A5", "#E4E8EE", "#232A35", "#0B0E13"
)
_LIGHT = Palette(
    "#0A8F5B", "#C62843", "#A87400", "#1F5FE0", "#6A4FD0", "#5C6675", "#141920", "#DFE4EA", "#FFFFFF"
)


def is_dark() -> bool:
    """Whether this browser shows the dark theme."""
    return st.context.theme.type != "light"


def palette() -> Palette:
    """The colours of the theme this browser shows."""
    return _DARK if is_dark() else _LIGHT
