from dataclasses import replace
from datetime import UTC, datetime, timedelta

import fakes
import numpy as np
import pytest

from pages import charts
from pages.theme import Palette

COLORS = Palette(*["#102030"] * 9)
CURVE = [(datetime(2012, 6, 1 + i, tzinfo=UTC), value) for i, value in enumerate((100.0, 110.0, 99.0, 105.0))]


def test_price_lines_show_the_cost_and_where_orders_wait():
    now = fakes.snapshot()
    held = now.valuation.positions[0]
    orders = [order for order in now.working if order.request.symbol == "AAPL"]
    assert charts.price_lines(held, orders) == [
        {"price": 565.2, "title": "avg", "color": "gray-color"},
        {"price": 545.0, "title": "sell stop", "color": "red-color"},
    ]
    assert charts.price_lines(None, []) == []


def test_a_fill_is_marked_at_its_moment_oldest_first():
    fills = fakes.snapshot().fills
    first = next(fill for fill in fills if fill.symbol == "AAPL")
    later = replace(first, time=first.time + timedelta(days=3))
    marks = charts.fill_marks((later, *fills), "AAPL")
    moment = int(first.time.timestamp())
    assert marks == [
        {"time": moment, "buy": True, "label": "B 20"},
        {"time": moment + 3 * 86_400, "buy": True, "label": "B 20"},
    ]


def test_the_drawdown_is_measured_from_the_highest_so_far():
    drawn = charts.drawdown_figure(CURVE, COLORS).data[0].y
    np.testing.assert_allclose(drawn, [0.0, 0.0, 99 / 110 - 1, 105 / 110 - 1])


def test_the_equity_axis_holds_every_value():
    low, high = charts.equity_figure(CURVE, COLORS).layout.yaxis.range
    assert low < 99
    assert high > 110


def test_the_band_is_drawn_and_the_axis_holds_it():
    band = [(value - 5, value + 3) for _, value in CURVE]
    figure = charts.equity_figure(CURVE, COLORS, band)
    low, high, line = figure.data
    assert list(low.y) == [edge for edge, _ in band]
    assert list(high.y) == [edge for _, edge in band]
    assert list(line.y) == [value for _, value in CURVE]
    least, most = figure.layout.yaxis.range
    assert least < min(low.y)
    assert most > max(high.y)
    assert len(charts.equity_figure(CURVE, COLORS, band[:1]).data) == 1  # a band of another length is none
    assert len(charts.equity_and_drawdown_figure(CURVE, COLORS, band).data) == 4


def test_losses_beyond_the_var_have_another_colour():
    figure = charts.pnl_figure([-10.0] * 2 + [0.0] * 98, 5.0, replace(COLORS, down="#FF0000"), bins=10)
    assert [color == "#FF0000" for color in figure.data[0].marker.color] == [True] * 5 + [False] * 5


@pytest.mark.parametrize(
    "figure",
    [
        charts.equity_figure([], COLORS),
        charts.drawdown_figure([], COLORS),
        charts.pnl_figure([], None, COLORS),
        charts.pnl_figure([1.0, 2.0], None, COLORS),
        charts.pnl_figure([0.0, 0.0], 0.0, COLORS),
        charts.reliability_figure((), None, COLORS),
    ],
)
def test_nothing_to_draw_is_not_an_error(figure):
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_the_reliability_diagram_shows_intervals_and_the_base_rate():
    figure = charts.reliability_figure([(0.4, 0.5, 100), (0.6, 0.5, 400)], 0.5, COLORS)
    points = figure.data[-1]
    assert list(points.x) == [0.4, 0.6]
    np.testing.assert_allclose(points.error_y.array, [0.098, 0.049])  # 1.96 * sqrt(.25 / n)
    assert any(note.text == "base rate" for note in figure.layout.annotations)


def test_no_bar_lies_across_the_var():
    pnl = [float(x) for x in np.random.default_rng(7).normal(30, 640, 500)]
    figure = charts.pnl_figure(pnl, 1378.0, replace(COLORS, down="#FF0000"))
    red = [
        c
        for c, color in zip(figure.data[0].y, figure.data[0].marker.color, strict=True)
        if color == "#FF0000"
    ]
    assert sum(red) == sum(amount < -1378.0 for amount in pnl)
    assert sum(figure.data[0].y) == 500
