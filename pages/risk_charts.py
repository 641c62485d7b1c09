"""The picture of the backtest: each day's P&L as a bar, the headline VaR as a line, red where it was exceeded."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pages import charts
from pages.formats import money
from pages.theme import Palette

__all__ = ["exceedance_figure", "show_exceedances"]

HEIGHT = 250
_LABELS = 4


def exceedance_figure(days: Sequence[tuple[str, float, float]], palette: Palette) -> go.Figure:
    """P&L of each day against the VaR of the day before.

    Parameters
    ----------
    days : (date, P&L, VaR), base currency, oldest first
    """
    figure = charts.blank(palette)
    dates, pnl, var = ([row[i] for row in days] for i in range(3))
    beyond = [gain < -loss for _, gain, loss in days]
    colours = [palette.down if hit else charts.faint(palette.muted, 0.55) for hit in beyond]
    figure.add_bar(
        x=dates, y=pnl, marker={"color": colours, "line": {"width": 0}}, hovertemplate="P&L %{y:$,.0f}<extra></extra>"
    )  # fmt: skip
    figure.add_scatter(
        x=dates,
        y=[-loss for loss in var],
        mode="lines",
        line={"color": palette.accent, "width": 1.5},
        hovertemplate="VaR 99% %{y:$,.0f}<extra></extra>",
    )
    hits = [(day, gain) for (day, gain, _), hit in zip(days, beyond, strict=True) if hit]
    for day, gain in sorted(hits, key=lambda hit: hit[1])[:_LABELS]:
        figure.add_annotation(
            x=day, y=gain, text=money(gain, 0), showarrow=False, yshift=-9,
            font={"size": 10, "color": palette.down},
        )  # fmt: skip
    figure.update_yaxes(tickformat="$,.0f", nticks=5)
    figure.update_layout(bargap=0.1)
    return figure


def show_exceedances(days: Sequence[tuple[str, float, float]], palette: Palette) -> None:
    """Put the picture on the page."""
    charts.show(exceedance_figure(days, palette), "exceedances", HEIGHT)
