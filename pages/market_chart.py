"""The chart of the Market page: any instrument, with the classic indicators of one's choice."""

import streamlit as st

from marketpulse import desk
from marketpulse.types import IndicatorOffer, Instrument, Interval, Snapshot
from pages import charts, parts

__all__ = ["LENGTHS", "draw", "picked"]

LENGTHS = {Interval.DAY: "1D", Interval.HOUR: "1H", Interval.MINUTE: "1m"}
FIRST = ("sma_50", "bollinger", "macd")
"""Drawn before somebody chooses."""

MOST = 8
"""Indicators at once; more would leave no room for the candles."""

_KEY = "market_indicators"


def draw(instrument: Instrument, now: Snapshot) -> None:
    """The picker, and the live chart with what was picked; the choice holds for every instrument."""
    offers = {one.name: one for one in desk.current().indicators()}
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="market_chart_bar"):
        parts.html(parts.bold(instrument.symbol), width="content")
        interval = _length(instrument, now)
        names = st.multiselect(
            "Indicators",
            list(offers),
            default=[name for name in FIRST if name in offers],
            format_func=lambda name: offers[name].words,
            key=_KEY,
            max_selections=MOST,
            select_all=False,
            placeholder="Add an indicator",
            label_visibility="collapsed",
            persist_state="session",
        )
    charts.live_chart(
        instrument,
        ema=False,
        rsi=False,
        height=340,
        phone_height=300,
        interval=interval,
        extras=picked(offers, names),
        key="market_chart",
    )


def picked(offers: dict[str, IndicatorOffer], names: list[str]) -> list[IndicatorOffer]:
    """What was chosen, those over the candles first, each in the order of choosing."""
    found = [offers[name] for name in names if name in offers]
    return sorted(found, key=lambda one: one.below)


def _length(instrument: Instrument, now: Snapshot) -> Interval:
    """The length of a bar, asked for where there is a choice."""
    offered = now.intervals.get(instrument.symbol, ())
    if len(offered) < 2:  # noqa: PLR2004 - one is no choice
        parts.html(parts.tag(LENGTHS[Interval.DAY], "accent", "One bar is one day."), width="content")
        return Interval.DAY
    chosen = st.segmented_control(
        "One bar is",
        [interval.value for interval in offered],
        default=Interval.DAY.value,
        format_func=lambda value: LENGTHS[Interval(value)],
        required=True,
        label_visibility="collapsed",
        key="market_length",
        persist_state="session",
    )
    return Interval(chosen or Interval.DAY)
