from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from walks import DAY, walk

from marketpulse.features.around import ALONE, Depth, around, depth, ranks
from marketpulse.features.full import DEFINITIONS, NAMES, TAIL, VERSION, WORDS, table, tables
from marketpulse.features.newest import newest, newest_of
from marketpulse.features.table import FEATURES, compute
from marketpulse.types import ActionKind, Book, CorporateAction, Interval

N = 600
PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
PANEL = {name: walk(name, N, seed) for seed, name in enumerate(("AAA", "BBB", "CCC", "DDD"))}
BARS = PANEL["BBB"]
MARKET = walk("^M", N, 99)
BOOK = ("spread", "imbalance")
OF_BARS = tuple(name for name in NAMES if name not in BOOK)
TIME = DAY * (BARS.time // DAY)
BOOKS = Depth(TIME + 80_000, np.linspace(1e-4, 3e-4, N), np.linspace(-0.5, 0.5, N))
FULL = table(BARS, around(MARKET, PANEL), BOOKS)


def same(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, equal_nan=True)


def cut(rows):
    panel = {name: bars[:rows] for name, bars in PANEL.items()}
    books = Depth(BOOKS.time[:rows], BOOKS.spread[:rows], BOOKS.imbalance[:rows])
    return table(panel["BBB"], around(MARKET[:rows], panel), books)


def test_there_are_forty_three_of_bars_and_two_of_the_book_and_all_warm_up_within_a_year():
    assert len(OF_BARS) == 43
    assert len(set(NAMES)) == len(NAMES) == len(DEFINITIONS) == len(WORDS) == len(set(WORDS.values()))
    assert np.isfinite(FULL.values[252:]).all()
    assert not np.isinf(FULL.values).any()
    starts = np.isfinite(FULL.values).argmax(axis=0)
    for column, first in enumerate(starts):  # once it is there it stays
        assert np.isfinite(FULL.values[first:, column]).all(), NAMES[column]


def test_it_holds_todays_features_under_their_names():
    today = compute(BARS, MARKET)
    same(FULL.columns(FEATURES), today.values, 1e-11)


@pytest.mark.parametrize("rows", [1, 2, 21, 64, 252, 253, 300, 599])
def test_later_bars_change_no_earlier_row_when_cut_off(rows):
    same(cut(rows).values, FULL.values[:rows])


@pytest.mark.parametrize("bad", [1e6, 1e-6, np.nan, 0.0, -5.0, np.inf])
def test_later_bars_change_no_earlier_row_when_corrupted(bad):
    at = 400

    def spoilt(bars):
        return replace(bars, **{c: np.append(getattr(bars, c)[:at], np.full(N - at, bad)) for c in COLUMNS})

    panel = {name: spoilt(bars) for name, bars in PANEL.items()}
    books = Depth(BOOKS.time, np.where(np.arange(N) < at, BOOKS.spread, bad), BOOKS.imbalance)
    found = table(panel["BBB"], around(spoilt(MARKET), panel), books)
    same(found.values[:at], FULL.values[:at])


@pytest.mark.parametrize("decimals", [12, 2, 1])
@pytest.mark.parametrize("factor", [3.7, 1e-4, 1e5, 1 / 7])
def test_the_scale_of_prices_and_volume_does_not_matter(factor, decimals):
    """Also where prices come in coarse ticks, so that many movements are equal."""

    def times(bars, by):
        return replace(bars, **{c: getattr(bars, c) * by for c in PRICES}, volume=bars.volume / by)

    plain = {
        n: replace(b, **{c: np.round(getattr(b, c), decimals) for c in PRICES}) for n, b in PANEL.items()
    }
    scaled = {n: times(b, factor) for n, b in plain.items()}
    found = table(scaled["BBB"], around(times(MARKET, 2.5), scaled), BOOKS)
    same(found.values, table(plain["BBB"], around(MARKET, plain), BOOKS).values, 1e-10)


@pytest.mark.parametrize("ratio", [2, 3, 7])
def test_a_split_that_is_worked_in_changes_nothing(ratio):
    """The same company with and without a split in the middle of its raw prices."""
    at = 420
    shares = np.where(np.arange(N) < at, 1, ratio)
    raw = replace(
        BARS,
        **{c: getattr(BARS, c) / shares for c in PRICES},
        volume=BARS.volume * shares,
        adjusted=False,
    )
    day = datetime.fromtimestamp(int(BARS.time[at]), UTC).date()
    split = CorporateAction("BBB", day, ActionKind.SPLIT, Decimal(ratio))
    beside = around(MARKET, PANEL)
    same(table(raw.adjust([split]), beside, BOOKS).values, FULL.values, 1e-9)
    jumped = table(raw, beside, BOOKS).columns(["momentum_1"])[at, 0]
    assert abs(jumped) > 4  # the test can see a split that is not worked in


def test_a_wild_price_spoils_no_row_once_it_has_left_the_windows():
    """Windows are summed anew: nothing of an outlier is left behind in a running sum."""
    wild = replace(BARS, **{c: np.where(np.arange(N) == 100, 1e9, getattr(BARS, c)) for c in COLUMNS})
    smoothed = {"adx_14", "atr_14", "macd", "rsi_14", "direction_14"}  # these remember, ever less
    scaled = {
        d.name for d in DEFINITIONS if "sigma" in d.formula or d.name.startswith(("momentum", "market"))
    }
    names = [n for n in OF_BARS if n not in smoothed | scaled]
    assert len(names) > 15
    same(table(wild, around(MARKET, PANEL)).columns(names)[360:], FULL.columns(names)[360:], 1e-9)


def test_a_bad_bar_is_left_out_and_later_rows_do_not_see_it():
    beside = around(MARKET, PANEL)
    holed = table(replace(BARS, close=np.where(np.arange(N) == 500, np.nan, BARS.close)), beside).values
    assert np.isnan(holed[500]).all()
    keep = np.arange(N) != 500
    without = replace(BARS, **{c: getattr(BARS, c)[keep] for c in ("time", *COLUMNS)})
    same(holed[keep], table(without, beside).values, 0)


def test_nothing_beside_it_leaves_only_those_columns_missing():
    alone = table(BARS)
    needing = ["market_5", "beta_60", "rank_21", *BOOK]
    own = [n for n in NAMES if n not in needing]
    same(alone.columns(own), FULL.columns(own), 0)
    assert np.isnan(alone.columns(needing)).all()


@pytest.mark.parametrize("n", [0, 1, 2, 5, 20, 63])
def test_short_histories_give_rows_that_are_not_defined(n):
    found = table(BARS[:n], around(MARKET, PANEL))
    assert found.values.shape == (n, len(NAMES))
    assert not np.isfinite(found.columns(OF_BARS)).all(axis=1).any()


def test_a_price_that_stands_still_is_never_infinite():
    still = replace(BARS, **dict.fromkeys(PRICES, np.full(N, 12.5)))
    values = table(still, around(MARKET, PANEL)).values
    assert not np.isinf(values).any()
    assert np.isnan(values).any(axis=1).all()


def test_a_day_without_volume_is_missing_where_volume_is_needed_and_nowhere_else():
    empty = table(
        replace(BARS, volume=np.where(np.arange(N) == 400, 0.0, BARS.volume)), around(MARKET, PANEL)
    )
    needing = ["volume_63", "illiquidity_63"]
    assert np.isnan(empty.columns(needing)[400:463]).all()
    assert np.isfinite(empty.columns(needing)[463:]).all()
    assert np.isnan(empty.columns(["volume_5_252"])[400:652]).all()  # it looks back a year
    assert np.isfinite(empty.columns(["volume_5_252"])[652:]).all()
    others = [n for n in OF_BARS if n not in {*needing, "volume_5_252"}]
    assert np.isfinite(empty.columns(others)[252:]).all()
    never = table(replace(BARS, volume=np.zeros(N)))
    assert not np.isinf(never.values).any()
    assert np.isnan(never.columns(["obv_21", "mfi_14"])).all()


def test_the_newest_row_alone_is_the_tables_last():
    long = {name: walk(name, 1_500, seed) for seed, name in enumerate(("AAA", "BBB", "CCC"))}
    market = walk("^M", 1_500, 99)
    assert len(long["AAA"]) > 2 * TAIL
    beside, tails = around(market, long), {n: b[-TAIL:] for n, b in long.items()}
    near = around(market[-TAIL:], tails)
    for bars in long.values():
        expected = table(bars, beside).values[-1]
        same(newest(bars, beside), expected, 1e-10)
        same(newest(bars, near), expected, 1e-10)


def odd(bars, kind, seed):
    """What bars may come to: days without volume, prices that cannot be, ticks, a price that stands still."""
    rng, rows = np.random.default_rng(seed), len(bars)
    columns = {c: getattr(bars, c).copy() for c in COLUMNS}
    if kind == "volume":
        columns["volume"][rng.random(rows) < 0.05] = 0.0
        columns["volume"][rng.random(rows) < 0.02] = np.nan
    if kind == "prices":
        columns["close"][rng.random(rows) < 0.02] = np.nan
        columns["high"][rng.random(rows) < 0.02] = -1.0
    if kind == "ticks":
        columns |= {c: np.round(columns[c]) for c in PRICES}
    if kind == "still":
        columns |= {c: np.append(columns[c][: rows // 2], np.full(rows - rows // 2, 50.0)) for c in PRICES}
    return replace(bars, **columns)


@pytest.mark.parametrize("kind", ["plain", "volume", "prices", "ticks", "still"])
@pytest.mark.parametrize("rows", [1, 63, 64, 65, 252, 253, 400, 512, 513, 560])
def test_the_newest_row_of_odd_bars_is_the_tables_last(kind, rows):
    """Also where the table is long enough for each series to be summed for itself."""
    rows = min(rows, TAIL) if kind == "still" else rows  # there the smoothed remember for longer than that
    panel = {name: odd(bars[:rows], kind, seed) for seed, (name, bars) in enumerate(PANEL.items())}
    beside = around(MARKET[:rows], panel)
    for bars in panel.values():
        same(newest(bars, beside, BOOKS), table(bars, beside, BOOKS).values[-1], 1e-9)


@pytest.mark.parametrize("beside", [ALONE, around(MARKET, PANEL)], ids=["alone", "beside"])
def test_many_newest_rows_at_once_are_each_alone_to_the_bit(beside):
    kinds = ["plain", "volume", "prices", "ticks", "still"]
    lengths = [1, 30, 64, 65, 253, 300, 480, 560, 600]
    panel, depths = {}, {}
    for seed in range(40):
        name, bars = f"N{seed}", PANEL[list(PANEL)[seed % 4]]
        panel[name] = odd(replace(bars, symbol=name)[: lengths[seed % 9]], kinds[seed % 5], seed)
        if seed % 3:
            depths[name] = BOOKS
    found = newest_of(panel, beside, depths)
    assert list(found) == list(panel)
    for name, bars in panel.items():
        assert found[name].tobytes() == newest(bars, beside, depths.get(name)).tobytes()


@pytest.mark.parametrize("kind", ["plain", "volume", "ticks"])
def test_a_long_table_begins_with_the_short_one_to_the_bit(kind):
    bars = odd(BARS, kind, 5)
    beside = around(MARKET, PANEL)
    names = [n for n in OF_BARS if n != "obv_21"]  # whose products BLAS may sum in another order
    short, long = table(bars[:512], beside).columns(names), table(bars, beside).columns(names)[:512]
    assert short.tobytes() == long.tobytes()


def test_the_rank_is_among_those_that_closed_on_the_same_date():
    gone = {**PANEL, "DDD": PANEL["DDD"][:300]}
    found = ranks(gone)
    moved = {n: np.log(b.close[21:] / b.close[:-21]) for n, b in PANEL.items()}
    for row, members in ((100, ["AAA", "BBB", "CCC", "DDD"]), (500, ["AAA", "BBB", "CCC"])):
        order = sorted(members, key=lambda n: moved[n][row - 21])
        for place, name in enumerate(order):
            assert found[name][1][row] == pytest.approx((place + 0.5) / len(order) - 0.5)
    assert np.isnan(found["AAA"][1][:21]).all()
    two = ranks({n: PANEL[n] for n in ("AAA", "BBB")})
    assert np.isnan(two["AAA"][1]).all()


def test_equal_returns_share_their_rank():
    twins = {name: replace(BARS, symbol=name) for name in ("X", "Y", "Z")}
    assert (ranks(twins)["Y"][1][21:] == 0.0).all()


def test_beta_is_the_slope_of_a_least_squares_line():
    own, market = np.diff(np.log(BARS.close)), np.diff(np.log(MARKET.close))
    slope = np.polyfit(market[-60:], own[-60:], 1)[0]
    assert FULL.columns(["beta_60"])[-1, 0] == pytest.approx(slope, abs=1e-10)


def test_an_intraday_bar_does_not_know_a_market_day_that_is_not_over():
    hours = replace(BARS, interval=Interval.HOUR, time=TIME[300] + 3600 * np.arange(N))
    found = table(hours, around(MARKET, {})).columns(["market_5"])[:, 0]
    daily = compute(MARKET, MARKET).columns(["market_5"])[:, 0]
    same(found[63:95], np.repeat([daily[301], daily[302]], [8, 24]), 0)
    later = replace(MARKET, close=np.where(np.arange(N) >= 303, 1.0, MARKET.close))
    same(table(hours, around(later, {})).columns(["market_5"])[:95, 0], found[:95], 0)


def test_only_the_last_book_within_a_bar_counts():
    opened, day = datetime.fromtimestamp(int(TIME[400]), UTC), timedelta(days=1)

    def book(when, bid, size):
        return Book("BBB", ((bid, size),), ((102.0, 1.0),), when, when, "x")

    seen = depth(
        [book(opened + day, 50.0, 1.0), book(opened + timedelta(hours=9), 98.0, 3.0), book(opened, 90.0, 1.0)]
    )
    found = table(BARS, depth=seen).columns(BOOK)
    assert found[400, 1] == pytest.approx(0.5)
    assert found[401, 1] == 0.0
    assert np.isnan(found[[399, 402]]).all()
    afternoon = replace(BARS, time=TIME + 14 * 3600)  # a daily bar is its whole date, whatever hour it names
    same(table(afternoon, depth=seen).columns(BOOK), found, 0)


def test_the_spread_is_in_units_of_a_days_move():
    spreads = FULL.columns(["spread"])[:, 0]
    own = np.log(BARS.close[1:] / BARS.close[:-1])
    sigma = own[-1] / FULL.columns(["momentum_1"])[-1, 0]
    assert spreads[-1] == pytest.approx(3e-4 / sigma)


def test_one_call_gives_the_tables_of_a_panel():
    found = tables(PANEL, MARKET, {"BBB": BOOKS})
    assert list(found) == list(PANEL)
    same(found["BBB"].values, FULL.values, 0)
    assert np.isnan(found["AAA"].columns(BOOK)).all()


def test_a_table_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        FULL.values[0, 0] = 1.0


def test_the_version_names_the_definitions():
    assert len(VERSION) == 16
    assert all(d.formula and d.words for d in DEFINITIONS)


def test_the_newest_row_of_a_short_history_or_a_bad_bar_is_the_tables_too():
    beside = around(MARKET, PANEL)
    for n in (1, 2, 30, 100, 253, 260):
        same(newest(BARS[:n], beside), table(BARS[:n], beside).values[-1], 1e-10)
    holed = replace(BARS, low=np.where(np.arange(N) == 590, np.nan, BARS.low))
    same(newest(holed, beside), table(holed, beside).values[-1], 1e-10)
    last = replace(BARS, low=np.where(np.arange(N) == N - 1, np.nan, BARS.low))
    assert np.isnan(newest(last, beside)).all()
