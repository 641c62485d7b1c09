"""Accounts: whose money, what the venues say, cash, tax lots, and how well orders were executed."""

import streamlit as st

from marketpulse import desk
from pages import account_panels, parts, statement


@st.fragment(run_every=parts.REFRESH)
def venues() -> None:
    """The accounts, and what they want from a person."""
    with parts.panel("accounts"):
        account_panels.accounts(desk.current().snapshot())
    parts.show_said()


@st.fragment(run_every=parts.REFRESH)
def cash() -> None:
    """Cash by currency."""
    with parts.panel("cash"):
        account_panels.balances(desk.current().snapshot())


@st.fragment(run_every=parts.REFRESH)
def holdings() -> None:
    """Lots held and sold."""
    now = desk.current().snapshot()
    left, right = st.columns([1, 1.2], gap="xsmall")
    with left, parts.panel("lots"):
        account_panels.lots(now)
    with right, parts.panel("sold"):
        account_panels.closed_lots(now)


@st.fragment(run_every=parts.REFRESH)
def executed() -> None:
    """Execution quality."""
    with parts.panel("quality"):
        account_panels.quality(desk.current().snapshot())


def main() -> None:
    """Lay out the page; each fragment keeps to its own box."""
    left, right = st.columns([1.7, 1], gap="xsmall")
    with left:
        venues()
    with right:
        cash()
    with parts.alone():
        holdings()
    left, right = st.columns([1.3, 1], gap="xsmall")
    with left:
        executed()
    with right, parts.panel("statement"):
        statement.draw()


main()
