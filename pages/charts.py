"""The pictures: a live candlestick chart, and Plotly figures for what changes only on a click.

Streamlit mounts a Plotly element anew with every change of its data and so loses the zoom; what moves
with the market is therefore drawn by the component, which updates in place.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from marketpulse.types import (
    Fill,
    FloatArray,
    IndicatorOffer,
    Instrument,
    Interval,
    Order,
    OrderType,
    PositionView,
    Side,
)
from pages.formats import money, quantity
from pages.theme import Palette

__all__ = [
    "blank",
    "drawdown_figure",
    "equity_and_drawdown_figure",
    "equity_figure",
    "faint",
    "fill_marks",
    "live_chart",
    "pnl_figure",
    "price_lines",
    "reliability_figure",
    "show",
]

HERE = Path(__file__).parent
HISTORY = 500
"""Bars asked for at first: two years of days or eight hours of minutes, and enough for EMA 55 to forget its seed."""

ROUNDING = 1e-9
"""Keeps the lowest and highest value out of bins of their own making."""

SHALLOW = 0.03
"""A fall below this fraction is labelled with two decimals of a percent."""

_CHART = st.components.v2.component(
    "marketpulse.chart",
    html='<div class="frame"><div class="over"><div class="legend"></div><div class="warning" hidden></div></div>'
    '<div class="box"></div></div>',
    css=(HERE / "chart.css").read_text(encoding="utf-8"),
    js="".join((HERE / name).read_text(encoding="utf-8") for name in ("chart_extras.js", "chart.js")),
)


def live_chart(
    instrument: Instrument,
    *,
    lines: Sequence[dict[str, Any]] = (),
    fills: Sequence[dict[str, Any]] = (),
    ema: bool = True,
    rsi: bool = True,
    height: int = 440,
    phone_height: int = 360,
    interval: Interval = Interval.DAY,
    extras: Sequence[IndicatorOffer] = (),
    key: str = "live_chart",
) -> None:
    """Draw the candles of one instrument; they keep moving by themselves, and keep the zoom.

    Parameters
    ----------
    lines : from ``price_lines``
    fills : from ``fill_marks``
    ema, rsi : draw EMA 21 and 55 over the candles, RSI 14 in a pane below
    height, phone_height : pixels
    interval : the length of one bar; shorter than a day, the chart tells times in UTC
    extras : classic indicators, drawn in this order; each that has a pane of its own makes the chart higher
    """
    slug = quote(instrument.slug, safe="")
    data = {
        "symbol": instrument.symbol,
        "bars": f"/api/live/bars/{slug}?interval={interval}&n={HISTORY}",
        "stream": f"/api/live/stream?symbols={slug}&interval={interval}",
        "interval": interval.value,
        "decimals": instrument.decimals,
        "tick": float(instrument.tick),
        "lines": list(lines),
        "fills": list(fills),
        "ema": ema,
        "rsi": rsi,
        "height": height,
        "phone_height": phone_height,
        "indicators": f"/api/live/indicators/{slug}?interval={interval}",
        "extras": [
            {"name": one.name, "words": one.words, "below": one.below, "lines": list(one.lines)}
            for one in extras
        ],
    }
    _CHART(key=key, data=data, height="content")


def price_lines(position: PositionView | None, orders: Iterable[Order]) -> list[dict[str, Any]]:
    """Lines for the chart: what a position cost, and where working orders wait."""
    lines = []
    if position and position.quantity:
        lines.append({"price": float(position.average_price), "title": "avg", "color": "gray-color"})
    for order in orders:
        request = order.request
        levels = (
            ("stop", request.stop_price if request.type is not OrderType.TAKE_PROFIT else None, "red-color"),
            (
                "take profit",
                request.stop_price if request.type is OrderType.TAKE_PROFIT else None,
                "blue-color",
            ),
            ("limit", request.limit_price, "blue-color"),
            ("target", request.take_profit_price, "blue-color"),
            ("stop loss", request.stop_loss_price, "red-color"),
        )
        lines += [
            {"price": float(price), "title": f"{request.side} {word}", "color": color}
            for word, price, color in levels
            if price is not None
        ]
    return lines


def fill_marks(fills: Iterable[Fill], symbol: str) -> list[dict[str, Any]]:
    """Arrows for the chart, one per fill of ``symbol``, oldest first; the chart finds the bar of each."""
    marks = []
    for fill in fills:
        if fill.symbol != symbol:
            continue
        buy = fill.side is Side.BUY
        label = f"{'B' if buy else 'S'} {quantity(fill.quantity)}"
        marks.append({"time": int(fill.time.timestamp()), "buy": buy, "label": label})
    return sorted(marks, key=lambda mark: mark["time"])


# Plotly: pictures that change only on a click ------------------------------------------------------------


def show(figure: go.Figure, key: str, height: int) -> None:
    """Put a figure of this module on the page."""
    figure.update_layout(height=height)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, theme=None, height=height)


def equity_figure(
    curve: Sequence[tuple[datetime, float]], palette: Palette, band: Sequence[tuple[float, float]] = ()
) -> go.Figure:
    """Equity over time, base currency.

    Parameters
    ----------
    band : (low, high) for each sample: what equity would be at the paper fills' worse and better prices
    """
    times, values = [time for time, _ in curve], [value for _, value in curve]
    lows, highs = [low for low, _ in band], [high for _, high in band]
    figure = blank(palette)
    if len(band) == len(values) and band:
        edges = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=times, y=lows, **edges)
        figure.add_scatter(x=times, y=highs, fill="tonexty", fillcolor=faint(palette.accent, 0.28), **edges)
    figure.add_scatter(
        x=times,
        y=values,
        mode="lines",
        line={"color": palette.accent, "width": 1.5},
        fill="tozeroy",
        fillcolor=faint(palette.accent, 0.10),
        hovertemplate="%{y:$,.2f}<extra></extra>",
    )
    if values:
        least, most = min(values + lows), max(values + highs)
        room = 0.08 * (most - least) or 1.0
        figure.update_yaxes(range=[least - room, most + room])
    figure.update_yaxes(tickformat="$,.0f", nticks=5)
    return figure


def drawdown_figure(curve: Sequence[tuple[datetime, float]], palette: Palette) -> go.Figure:
    """How far equity lay below its highest so far, as a fraction, drawn downwards."""
    values = np.array([value for _, value in curve], dtype=np.float64)
    depth = values / np.maximum.accumulate(values) - 1.0 if len(values) else values
    figure = blank(palette)
    figure.add_scatter(
        x=[time for time, _ in curve],
        y=depth,
        mode="lines",
        line={"color": palette.muted, "width": 1},
        fill="tozeroy",
        fillcolor=faint(palette.muted, 0.18),
        hovertemplate="%{y:.2%}<extra></extra>",
    )
    lowest = float(depth.min()) if len(depth) else 0.0
    figure.update_yaxes(tickformat=".1%", nticks=4, range=[min(lowest * 1.12, -0.001), 0.0005])
    return figure


def equity_and_drawdown_figure(
    curve: Sequence[tuple[datetime, float]], palette: Palette, band: Sequence[tuple[float, float]] = ()
) -> go.Figure:
    """Equity with its band above, drawdown below it, over one axis of time."""
    figure = equity_figure(curve, palette, band)
    lower = drawdown_figure(curve, palette)
    figure.add_trace(lower.data[0].update(yaxis="y2"))
    axis = lower.layout.yaxis.to_plotly_json()
    bottom = axis["range"][0]
    below = {
        "domain": [0.0, 0.28],
        "anchor": "x",
        "range": [bottom, 0.0],
        "tickformat": ".2%" if bottom > -SHALLOW else ".0%",
    }
    figure.update_layout(yaxis={"domain": [0.36, 1.0]}, yaxis2={**axis, **below})
    figure.update_xaxes(anchor="y2")
    return figure


def pnl_figure(pnl: Sequence[float], var: float | None, palette: Palette, bins: int = 48) -> go.Figure:
    """How one-day P&L of the present book is spread, with the loss that is the VaR marked.

    Parameters
    ----------
    pnl : one number per past day, base currency
    var : 1-day 99 % loss, base currency, positive; None is unknown and not drawn
    """
    figure = blank(palette)
    if not len(pnl):
        return figure
    values = np.asarray(pnl, dtype=np.float64)
    counts, edges = np.histogram(values, bins=_edges(values, -(var or 0.0), bins))
    middle, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    beyond = middle < -var if var is not None else np.zeros(len(middle), dtype=bool)
    figure.add_bar(
        x=middle,
        y=counts,
        width=width * 0.86,
        marker={"color": np.where(beyond, palette.down, faint(palette.muted, 0.6)), "line": {"width": 0}},
        hovertemplate="%{y} days about %{x:$,.0f}<extra></extra>",
    )
    if var is not None:
        figure.add_vline(x=-var, line={"color": palette.down, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=-var, y=1, yref="paper", text=f"VaR 99% {money(-var, 0)}", showarrow=False, xanchor="left",
            xshift=5, font={"size": 11, "color": palette.down},
        )  # fmt: skip
    figure.update_xaxes(tickformat="$,.0f", nticks=7)
    figure.update_yaxes(nticks=4, title=None)
    figure.update_layout(hovermode="closest")
    return figure


def _edges(values: FloatArray, mark: float, bins: int) -> FloatArray:
    """About ``bins`` equal bins over all values, with an edge at ``mark``, so that none lies across it."""
    low, high = min(float(values.min()), mark), max(float(values.max()), mark)
    width = (high - low) / bins or 1.0
    left, right = ceil((mark - low) / width - ROUNDING), ceil((high - mark) / width - ROUNDING)
    edges = mark + width * np.arange(-left, max(right, 1 - left) + 1, dtype=np.float64)
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    return edges


def reliability_figure(
    calibration: Sequence[tuple[float, float, int]], base_rate: float | None, palette: Palette
) -> go.Figure:
    """What was said against what came true, per bin, with 95 % intervals and how often it was said.

    Parameters
    ----------
    calibration : (mean predicted, share that came true, rows) per bin, fractions and a count
    base_rate : share of all rows that came true
    """
    figure = blank(palette)
    if not calibration:
        return figure
    said, true, rows = (np.array(column, dtype=np.float64) for column in zip(*calibration, strict=True))
    half = 1.96 * np.sqrt(true * (1 - true) / np.maximum(rows, 1))
    low, high = min(said.min(), (true - half).min()) - 0.02, max(said.max(), (true + half).max()) + 0.02
    left, right = said.min() - 0.01, said.max() + 0.01  # what is said is often a narrow band of what comes
    ends = {"x": [left, right], "mode": "lines", "hoverinfo": "skip"}
    figure.add_scatter(**ends, y=[left, right], line={"color": palette.muted, "width": 1, "dash": "dot"})
    if base_rate is not None:
        figure.add_scatter(**ends, y=[base_rate, base_rate], line={"color": palette.warn, "width": 1.2})
        figure.add_annotation(
            x=right, y=base_rate, text="base rate", showarrow=False, xanchor="right", yshift=8,
            font={"size": 10, "color": palette.warn},
        )  # fmt: skip
    figure.add_bar(
        x=said, y=rows / rows.max() * (high - low) * 0.16, base=low, width=(right - left) / (3 * len(said)),
        marker={"color": faint(palette.muted, 0.35), "line": {"width": 0}}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=said, y=true, customdata=rows, mode="lines+markers", line={"color": palette.accent, "width": 1.4},
        marker={"size": 8, "color": palette.accent},
        error_y={"array": half, "color": faint(palette.accent, 0.55), "thickness": 2, "width": 0},
        hovertemplate="said %{x:.1%}, came true %{y:.1%}, %{customdata:,} rows<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        range=[left, right], tickformat=".0%", nticks=6, title={"text": "said", "standoff": 6}
    )
    figure.update_yaxes(range=[low, high], tickformat=".0%", nticks=6)
    figure.update_layout(hovermode="closest")
    return figure


def blank(palette: Palette) -> go.Figure:
    """An empty figure in the desk's look."""
    figure = go.Figure()
    figure.update_layout(
        margin={"l": 6, "r": 6, "t": 6, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 11, "color": palette.muted, "family": "'Source Sans', sans-serif"},
        hoverlabel={"bgcolor": palette.page, "bordercolor": palette.line, "font": {"color": palette.text}},
        showlegend=False,
        hovermode="x unified",
        bargap=0.2,
        separators=".,",
    )
    figure.update_xaxes(showgrid=False, zeroline=False, linecolor=palette.line, ticks="", automargin=True)
    figure.update_yaxes(gridcolor=palette.line, zeroline=False, side="right", ticks="", automargin=True)
    return figure


def faint(color: str, opacity: float) -> str:
    """The same colour, seen through."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
