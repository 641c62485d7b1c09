"""Risk: what the book can lose, what it is exposed to, and how much of each limit is used."""

from typing import Any

import streamlit as st

from marketpulse import desk
from pages import parts, risk_panels

PICTURES = 30  # seconds between two drawings of the figures: each one is mounted anew


@st.fragment(run_every=parts.REFRESH)
def numbers(left: Any, middle: Any, below: Any) -> None:
    """Limits, exposure, value at risk and positions, again every two seconds."""
    now = desk.current().snapshot()
    with left, st.container(gap="xsmall", height="stretch"):
        with parts.panel("limits", stretch=False):
            risk_panels.limits(now)
        with parts.panel("exposure"):
            risk_panels.exposure(now)
    with middle, parts.panel("var"):
        risk_panels.value_at_risk(now)
    with below, parts.panel("positions"):
        risk_panels.positions(now)


@st.fragment(run_every=PICTURES)
def pictures(above: Any, below: Any) -> None:
    """The figures; no zoom is lost, for there is none."""
    now = desk.current().snapshot()
    with above, parts.panel("spread"):
        risk_panels.spread(now)
    with below, parts.panel("curve"):
        risk_panels.curve(now)


def main() -> None:
    """Lay out the page."""
    left, middle, right = st.columns([1.12, 1.5, 1.2], gap="xsmall")
    lower_left, lower_right = st.columns([1, 1.1], gap="xsmall")
    numbers(left, middle, lower_right)
    pictures(right, lower_left)


main()
