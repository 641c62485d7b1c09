"""Risk: what the book can lose, what it is exposed to, and how much of each limit is used."""

import streamlit as st

from marketpulse import desk
from pages import parts, risk_panels, risk_report, risk_stress

PICTURES = 30  # seconds between two drawings of a figure: each one is mounted anew


@st.fragment(run_every=parts.REFRESH)
def numbers() -> None:
    """Limits, losses by every method, and where they come from, again every two seconds."""
    now = desk.current().snapshot()
    left, middle, right = st.columns([1.12, 1.5, 1.2], gap="xsmall")
    with left, parts.panel("limits"):
        risk_panels.limits(now)
    with middle, parts.panel("var"):
        if now.risk.report is None:
            risk_panels.value_at_risk(now)
        else:
            risk_report.headline(now)
    with right, parts.panel("components"):
        risk_report.components(now)


@st.fragment(run_every=parts.REFRESH)
def book() -> None:
    """Exposure, stress and measures, again every two seconds."""
    now = desk.current().snapshot()
    left, middle, right = st.columns([1.05, 1.5, 1.2], gap="xsmall")
    with left, parts.panel("exposure"):
        risk_panels.exposure(now)
    with middle, parts.panel("stress"):
        risk_stress.stress(now)
    with right, parts.panel("measures"):
        risk_report.measures(now)


@st.fragment(run_every=PICTURES)
def backtest() -> None:
    """The past of the present book against the headline."""
    with parts.panel("exceedances"):
        risk_report.exceedances(desk.current().snapshot())


@st.fragment(run_every=PICTURES)
def together() -> None:
    """What moves together."""
    with parts.panel("together"):
        risk_report.together(desk.current().snapshot())


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
    with parts.alone():
        numbers()
    left, right = st.columns([1.95, 1], gap="xsmall")
    with left:
        backtest()
    with right:
        together()
    with parts.alone():
        book()
    left, right = st.columns([1.95, 1], gap="xsmall")
    with left:
        curve()
    with right:
        spread()
    with parts.alone():
        positions()


main()
