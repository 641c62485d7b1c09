"""Risk: what the book can lose, what it is exposed to, and how much of each limit is used."""

import streamlit as st

from marketpulse import desk
from pages import parts, risk_panels

PICTURES = 30  # seconds between two drawings of a figure: each one is mounted anew


@st.fragment(run_every=parts.REFRESH)
def numbers() -> None:
    """Limits, exposure and value at risk, again every two seconds."""
    now = desk.current().snapshot()
    left, right = st.columns([1.12, 1.5], gap="xsmall")
    with left, st.container(gap="xsmall", height="stretch"):
        with parts.panel("limits", stretch=False):
            risk_panels.limits(now)
        with parts.panel("exposure"):
            risk_panels.exposure(now)
    with right, parts.panel("var"):
        risk_panels.value_at_risk(now)


@st.fragment(run_every=parts.REFRESH)
def positions() -> None:
    """What is held, again every two seconds."""
    with parts.panel("positions"):
        risk_panels.positions(desk.current().snapshot())


@st.fragment(run_every=PICTURES)
def spread() -> None:
    """The distribution of one-day P&L; no zoom is lost, for there is none."""
    with parts.panel("spread"):
        risk_panels.spread(desk.current().snapshot())


@st.fragment(run_every=PICTURES)
def curve() -> None:
    """Equity and drawdown."""
    with parts.panel("curve"):
        risk_panels.curve(desk.current().snapshot())


def main() -> None:
    """Lay out the page; each fragment keeps to its own box."""
    wide, narrow = st.columns([2.62, 1.2], gap="xsmall")
    with wide:
        numbers()
    with narrow:
        spread()
    left, right = st.columns([1, 1.1], gap="xsmall")
    with left:
        curve()
    with right:
        positions()


main()
