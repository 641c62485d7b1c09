"""The live chart's script, driven in a real browser with a desk made of fixed answers."""

import json
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import talib

pytestmark = pytest.mark.browser

PAGES = Path(__file__).parents[3] / "pages"
LIBRARY = files("lwcharts").joinpath("vendor/lightweight-charts.standalone.production.js").read_text("utf-8")
DAY, HOUR, MINUTE = 86_400, 3_600, 60
HOME = "http://desk.test/"

# the page around the script: a shadow root as Streamlit gives one, and a stream that the test speaks for
FRAME = """<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="host" style="width:900px"></div>
<script type="module">
import mount, { ema, rsi } from "/chart.js";
const root = document.getElementById("host").attachShadow({ mode: "open" });
root.innerHTML = `<div class="frame"><div class="legend"></div><div class="warning" hidden></div><div class="box"></div></div>`;
window.streams = [];
window.EventSource = class extends EventTarget {
  static CLOSED = 2;
  readyState = 1;
  constructor(url) { super(); this.url = String(url); this.open = true; streams.push(this); setTimeout(() => this.onopen?.(), 0); }
  close() { this.open = false; }
};
window.say = (bar) => streams.at(-1).dispatchEvent(new MessageEvent("bar", { data: JSON.stringify(bar) }));
window.charts = [];
let library;
Object.defineProperty(window, "LightweightCharts", { get: () => library, set(given) {
  library = { ...given, createSeriesMarkers: (...all) => (window.marks = given.createSeriesMarkers(...all)), createChart: (...all) => { const chart = given.createChart(...all); charts.push(chart); return chart; } };
} });
window.show = (data) => { window.leave = mount({ parentElement: root, data }); };
window.ema = ema; window.rsi = rsi; window.root = root; window.ready = true;
</script>"""


EXTRAS = (
    {"name": "bollinger", "words": "Bollinger bands 20, 2", "below": False, "lines": ["upper", "middle", "lower"]},
    {"name": "rsi_14", "words": "RSI 14", "below": True, "lines": ["rsi"]},
    {"name": "macd", "words": "MACD 12, 26, 9", "below": True, "lines": ["macd", "macd_signal", "macd_histogram"]},
)  # fmt: skip


def walk(n, start=0, step=DAY, first=DAY * 15_000):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, n)))
    return [
        {"time": first + step * (start + i), "open": c * 0.999, "high": c * 1.01, "low": c * 0.99, "close": c, "volume": 5e6}
        for i, c in enumerate(map(float, close))
    ]  # fmt: skip


def data(**changes):
    given = {
        "symbol": "AAPL", "bars": "/bars/AAPL", "stream": "/stream/AAPL", "decimals": 2, "tick": 0.01, "lines": [],
        "fills": [], "ema": True, "rsi": True, "height": 440, "phone_height": 360, "interval": "1d",
        "indicators": "/indicators?interval=1d", "extras": [],
    }  # fmt: skip
    return given | changes


class Desk:
    """A page with the chart on it; ``bars`` is what the desk answers."""

    def __init__(self, page):
        self.page, self.bars, self.asked = page, {"AAPL": walk(300), "IBM": walk(200)}, []
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route("**/*", self.answer)
        page.goto(HOME)
        page.wait_for_function("window.ready")

    def answer(self, route):
        path = route.request.url.removeprefix(HOME)
        self.asked.append(route.request.url)
        if path.startswith("bars/"):
            bars = self.bars[path.removeprefix("bars/")]
            if bars is None:
                return route.fulfill(status=503, body="")
            return route.fulfill(content_type="application/json", body=json.dumps({"bars": bars}))
        if path.startswith("indicators?"):
            return route.fulfill(content_type="application/json", body=json.dumps(self.drawn(path)))
        script = {
            "chart.js": "".join(
                PAGES.joinpath(name).read_text("utf-8") for name in ("chart_extras.js", "chart.js")
            ),
            "assets/lightweight-charts.js": LIBRARY,
        }
        if path in script:
            return route.fulfill(content_type="text/javascript", body=script[path])
        return route.fulfill(content_type="text/html", body=FRAME)

    def drawn(self, path):
        """What the desk answers for indicators: every line lies ten above the close, the first is unknown."""
        asked = parse_qs(urlsplit(path).query)
        bars = self.bars["AAPL"][-int(asked["n"][0]) :]
        values = [None, *(bar["close"] + 10 for bar in bars[1:])]
        lines = {one["name"]: one["lines"] for one in EXTRAS}
        return {
            "drawings": [
                {"name": name, "time": [bar["time"] for bar in bars], "lines": [{"name": line, "values": values} for line in lines[name]]}
                for name in asked["name"]
            ]
        }  # fmt: skip

    def show(self, **changes):
        self.page.evaluate("data => show(data)", data(**changes))

    def shown(self, **changes):
        self.show(**changes)
        self.page.wait_for_function("root.querySelector('.legend').children.length > 0")

    def say(self, bar, **changes):
        self.page.evaluate(
            "bar => say(bar)", {"symbol": "AAPL", "age_seconds": 0, "stale": False} | bar | changes
        )

    def legend(self):
        return self.page.evaluate("root.querySelector('.legend').textContent")

    def warning(self):
        return self.page.evaluate("(w => w.hidden ? '' : w.textContent)(root.querySelector('.warning'))")

    def marked(self):
        return self.page.evaluate("marks.markers().map(mark => mark.time)")

    def times(self):
        return self.page.evaluate("charts[0].panes()[0].getSeries()[0].data().map(bar => bar.time)")

    def view(self):
        return self.page.evaluate("(v => [v.from, v.to])(charts.at(-1).timeScale().getVisibleLogicalRange())")


@pytest.fixture
def desk(browser):
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    made = Desk(page)
    yield made
    page.close()
    assert made.errors == []
    assert all(url.startswith(HOME) for url in made.asked)


@pytest.mark.parametrize("n", [21, 55])
def test_the_exponential_mean_is_talibs(desk, n):
    closes = np.array([bar["close"] for bar in walk(300)])
    ours = desk.page.evaluate("([values, n]) => ema(values, n)", [closes.tolist(), n])
    theirs = talib.EMA(closes, n)
    assert [value is None for value in ours] == np.isnan(theirs).tolist()
    np.testing.assert_allclose(ours[n - 1 :], theirs[n - 1 :], rtol=1e-12)


def test_the_relative_strength_is_talibs(desk):
    closes = np.array([bar["close"] for bar in walk(300)])
    ours = desk.page.evaluate("([values, n]) => rsi(values, n)", [closes.tolist(), 14])
    theirs = talib.RSI(closes, 14)
    assert [value is None for value in ours] == np.isnan(theirs).tolist()
    np.testing.assert_allclose(ours[14:], theirs[14:], rtol=1e-10)
    assert desk.page.evaluate("rsi(new Array(20).fill(5), 14)[19]") == talib.RSI(np.full(20, 5.0), 14)[19]


def test_the_legend_follows_the_forming_bar(desk):
    desk.shown()
    last = desk.bars["AAPL"][-1]
    desk.say(last | {"close": 123.456, "high": 130.0})
    before = desk.bars["AAPL"][-2]["close"]
    change = 100 * (123.456 / before - 1)
    assert "C 123.46" in desk.legend()
    assert f"{abs(change):.2f}%" in desk.legend()


def test_an_update_and_a_rerun_leave_the_view_and_the_chart_alone(desk):
    desk.shown()
    desk.page.evaluate("charts[0].timeScale().setVisibleLogicalRange({ from: 100, to: 160 })")
    for price in (100.0, 101.0, 102.0):
        desk.say(desk.bars["AAPL"][-1] | {"close": price})
        desk.show(lines=[{"price": price, "title": "avg", "color": "gray-color"}])
    assert desk.view() == [100, 160]
    assert desk.page.evaluate("charts.length") == 1
    assert desk.page.evaluate("streams.length") == 1


def test_a_new_bar_leaves_the_days_where_they_were(desk):
    desk.shown()
    desk.page.evaluate("charts[0].timeScale().setVisibleLogicalRange({ from: 100, to: 160 })")
    bars = [*desk.bars["AAPL"][1:], walk(1, start=300)[0]]
    desk.bars["AAPL"] = bars  # the desk gives the last 300: the oldest has gone
    desk.say(bars[-1])
    desk.page.wait_for_function("charts[0].timeScale().getVisibleLogicalRange().from < 100")
    assert desk.view() == [99, 159]


def test_another_symbol_takes_the_same_chart_and_closes_the_old_stream(desk):
    desk.shown()
    desk.show(symbol="IBM", bars="/bars/IBM", stream="/stream/IBM")
    desk.page.wait_for_function("charts[0].timeScale().getVisibleLogicalRange().to < 210")
    assert desk.page.evaluate("streams.map(s => [s.url, s.open])") == [
        [f"{HOME}stream/AAPL", False],
        [f"{HOME}stream/IBM", True],
    ]
    desk.say(desk.bars["IBM"][-1], symbol="AAPL", close=5.0)  # a late word about the other one
    assert "C 5.00" not in desk.legend()


def test_a_symbol_without_history_does_not_show_the_last_ones(desk):
    desk.shown()
    desk.bars["IBM"] = None
    desk.show(symbol="IBM", bars="/bars/IBM", stream="/stream/IBM")
    desk.say(walk(1, start=300)[0], symbol="IBM")
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.legend() == ""


def test_the_strength_pane_comes_and_goes(desk):
    desk.shown()
    assert desk.page.evaluate("charts[0].panes().length") == 2
    desk.show(rsi=False)
    assert desk.page.evaluate("charts[0].panes().length") == 1


PANES = "charts[0].panes().map(pane => pane.getSeries().length)"


def test_indicators_lie_over_the_candles_or_in_panes_of_their_own(desk):
    desk.shown(rsi=False, extras=EXTRAS)
    desk.page.wait_for_function("root.querySelector('.legend').textContent.includes('MACD 12, 26, 9')")
    assert desk.page.evaluate(PANES) == [4 + 3, 1, 3]  # candles, volume, two means of which none is shown
    last = desk.bars["AAPL"][-1]["close"] + 10
    assert f"Bollinger bands 20, 2 {last:.2f} {last:.2f} {last:.2f}" in desk.legend()
    drawn = desk.page.evaluate("charts[0].panes()[1].getSeries()[0].data().map(point => point.value)")
    np.testing.assert_allclose(drawn, [bar["close"] + 10 for bar in desk.bars["AAPL"][1:]])  # one is unknown
    assert desk.page.evaluate("root.querySelector('.box').style.height") == f"{440 + 2 * 92}px"


def test_another_choice_replaces_the_lines_and_the_same_one_asks_nothing(desk):
    desk.shown(rsi=False, extras=EXTRAS)
    desk.page.wait_for_function("root.querySelector('.legend').textContent.includes('RSI 14')")
    asked = len(desk.asked)
    desk.show(rsi=False, extras=EXTRAS)
    desk.page.wait_for_timeout(200)
    assert len(desk.asked) == asked
    desk.show(rsi=False, extras=EXTRAS[1:2])
    desk.page.wait_for_function("charts[0].panes().length == 2")
    assert desk.page.evaluate(PANES) == [4, 1]
    desk.show(rsi=False)
    desk.page.wait_for_function("charts[0].panes().length == 1")


def test_an_indicator_follows_the_forming_bar(desk):
    desk.shown(rsi=False, extras=EXTRAS[1:2])
    desk.page.wait_for_function("root.querySelector('.legend').textContent.includes('RSI 14')")
    desk.bars["AAPL"][-1] = desk.bars["AAPL"][-1] | {"close": 200.0, "high": 201.0}
    desk.say(desk.bars["AAPL"][-1])
    desk.page.wait_for_function("root.querySelector('.legend').textContent.includes('RSI 14 210.0')")
    assert "n=2&" in desk.asked[-1]


def test_a_desk_that_does_not_answer_for_indicators_is_asked_again(desk):
    right, tries = desk.drawn, []

    def once_wrong(path):
        tries.append(path)
        return {} if len(tries) == 1 else right(path)

    desk.drawn = once_wrong
    desk.shown(rsi=False, extras=EXTRAS[1:2])
    desk.page.wait_for_function("/RSI 14 [0-9]/.test(root.querySelector('.legend').textContent)")
    assert len(tries) == 2


def test_a_lost_stream_is_said_and_made_good(desk):
    desk.shown()
    desk.page.evaluate("streams[0].onerror()")
    assert desk.warning().startswith("stream lost, retrying; last update")
    asked = len([url for url in desk.asked if "bars" in url])
    desk.page.evaluate("streams[0].onopen()")
    assert desk.warning() == ""
    desk.page.wait_for_timeout(50)
    assert len([url for url in desk.asked if "bars" in url]) == asked + 1


def test_a_stream_that_the_desk_refuses_is_asked_for_again(desk):
    desk.shown()
    desk.page.evaluate("streams[0].readyState = 2; streams[0].onerror()")
    assert desk.warning().startswith("stream lost")
    desk.page.wait_for_function("streams.length === 2", timeout=10_000)
    desk.page.wait_for_function("root.querySelector('.warning').hidden")
    assert desk.page.evaluate("streams.map(s => s.open)") == [False, True]


def test_a_stale_price_is_said(desk):
    desk.shown()
    desk.say(desk.bars["AAPL"][-1], stale=True, age_seconds=75.2)
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.warning() == "STALE: no fresh price"


def test_a_disputed_price_is_said_until_the_sources_agree(desk):
    desk.shown()
    desk.say(desk.bars["AAPL"][-1], agreement="disputed", source="alpaca")
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.warning() == "DISPUTED: another source tells another price"
    assert "from alpaca" in desk.legend()
    desk.say(desk.bars["AAPL"][-1], agreement="agreed", source="alpaca")
    desk.page.wait_for_function("root.querySelector('.warning').hidden")


def test_history_that_fails_is_said_and_asked_for_again(desk):
    desk.bars["AAPL"], good = None, desk.bars["AAPL"]
    desk.show()
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.warning() == "history not loaded (the desk answered 503), retrying"
    desk.bars["AAPL"] = good
    desk.page.wait_for_function("root.querySelector('.legend').children.length > 0", timeout=10_000)
    assert desk.warning() == ""


def test_no_bars_is_said(desk):
    desk.bars["AAPL"] = []
    desk.show()
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.warning() == "no bars of AAPL yet"
    desk.bars["AAPL"] = walk(300)  # read meanwhile
    desk.page.wait_for_function("root.querySelector('.legend').children.length > 0", timeout=10_000)
    assert desk.warning() == ""
    assert desk.view()[1] == 305


def test_leaving_the_page_ends_the_stream(desk):
    desk.shown()
    desk.page.evaluate("leave()")
    assert desk.page.evaluate("streams.map(s => s.open)") == [False]


def test_a_call_that_a_newer_one_overtook_does_not_end_it(desk):
    desk.shown()
    desk.page.evaluate("data => { const first = leave; show(data); first(); }", data())
    assert desk.page.evaluate("streams.map(s => s.open)") == [True]


MINUTES = {"bars": "/bars/AAPL?1m", "stream": "/stream/AAPL?1m", "interval": "1m"}
HOURS = {"bars": "/bars/AAPL?1h", "stream": "/stream/AAPL?1h", "interval": "1h"}
FIRST = 1_700_000_040  # 2023-11-14 22:14 UTC


def test_days_have_a_date_and_minutes_a_time_in_utc(desk):
    desk.bars["AAPL?1m"] = walk(300, step=MINUTE, first=FIRST - 299 * MINUTE)
    desk.shown()
    assert desk.legend().startswith("2011-11-21O ")
    desk.show(**MINUTES)
    desk.page.wait_for_function("root.querySelector('.legend').textContent.startsWith('2023')")
    assert desk.legend().startswith("2023-11-14 22:14 UTCO ")
    assert desk.page.evaluate("charts[0].timeScale().options().timeVisible") is True
    desk.show()
    desk.page.wait_for_function("root.querySelector('.legend').textContent.startsWith('2011')")
    assert desk.page.evaluate("charts[0].timeScale().options().timeVisible") is False


def test_another_length_takes_the_same_chart_and_keeps_no_bar_of_the_old_one(desk):
    desk.bars["AAPL?1m"] = walk(200, step=MINUTE, first=FIRST)
    desk.shown()
    desk.page.evaluate("window.before = streams[0]")
    desk.show(**MINUTES)
    desk.page.wait_for_function("root.querySelector('.legend').textContent.includes('UTC')")
    assert desk.page.evaluate("streams.map(s => s.open)") == [False, True]
    late = json.dumps(walk(301)[-1] | {"symbol": "AAPL", "close": 5.0, "time": FIRST + 500 * MINUTE})
    desk.page.evaluate("bar => before.dispatchEvent(new MessageEvent('bar', { data: bar }))", late)
    assert desk.times() == [FIRST + MINUTE * i for i in range(200)]
    assert "C 5.00" not in desk.legend()


def test_a_length_that_does_not_load_shows_no_bars(desk):
    desk.shown()
    desk.bars["AAPL?1m"] = None
    desk.show(**MINUTES)
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.legend() == ""
    assert desk.times() == []


def test_a_late_answer_about_the_old_length_is_not_drawn(desk):
    desk.bars["AAPL?1m"] = walk(200, step=MINUTE, first=FIRST)
    held = []
    desk.page.route("**/bars/AAPL", lambda route: held.append(route))  # noqa: PLW0108 (a bound method of a list takes no mark)
    desk.show()
    desk.page.wait_for_function("streams.length === 1")
    desk.show(**MINUTES)
    desk.page.wait_for_function("root.querySelector('.legend').textContent.includes('UTC')")
    held[0].fulfill(content_type="application/json", body=json.dumps({"bars": walk(300)}))
    desk.page.wait_for_timeout(50)
    assert len(desk.times()) == 200
    assert "UTC" in desk.legend()


def test_minutes_that_are_still_being_fetched_are_said_and_asked_for_again(desk):
    desk.bars["AAPL?1m"] = walk(1, step=MINUTE, first=FIRST)
    desk.show(**MINUTES)
    desk.page.wait_for_function("!root.querySelector('.warning').hidden")
    assert desk.warning() == "only 1 bar of AAPL yet"
    desk.bars["AAPL?1m"] = walk(200, step=MINUTE, first=FIRST - 199 * MINUTE)
    desk.page.wait_for_function("root.querySelector('.warning').hidden", timeout=10_000)
    assert len(desk.times()) == 200


def test_a_new_minute_is_drawn_at_once_and_the_closed_one_is_asked_for(desk):
    desk.bars["AAPL?1m"] = walk(200, step=MINUTE, first=FIRST)
    desk.shown(**MINUTES)
    fresh = walk(1, step=MINUTE, first=FIRST + 200 * MINUTE)[0] | {"volume": 0.0}
    desk.say(fresh)
    assert len(desk.times()) == 201
    assert "Vol \u2013" in desk.legend()  # nobody has told the volume of a minute that runs
    closed = desk.bars["AAPL?1m"][-1] | {"close": 42.0}
    desk.bars["AAPL?1m"] = [*desk.bars["AAPL?1m"][:-1], closed, fresh]
    desk.page.wait_for_function(
        "charts[0].panes()[0].getSeries()[0].data().at(-2).close === 42", timeout=10_000
    )


@pytest.mark.parametrize(
    ("changes", "step", "first"),
    [
        ({}, DAY, 15_000 * DAY),
        (HOURS, HOUR, 15_000 * DAY + HOUR // 2),  # a market that opens at half past
        (MINUTES, MINUTE, 15_000 * DAY),
    ],
)
def test_a_fill_is_marked_on_the_bar_in_which_it_happened(desk, changes, step, first):
    name = changes.get("bars", "/bars/AAPL").removeprefix("/bars/")
    desk.bars[name] = bars = walk(100, step=step, first=first)
    moments = [
        first - 1,
        first,
        first + 40 * step + step - 1,
        bars[-1]["time"] + step - 1,
        bars[-1]["time"] + step,
    ]
    desk.shown(**changes, fills=[{"time": time, "buy": True, "label": "B 1"} for time in moments])
    assert desk.marked() == [first, first + 40 * step, bars[-1]["time"]]


def test_a_fill_of_a_new_minute_is_marked_once_its_bar_is_there(desk):
    desk.bars["AAPL?1m"] = walk(100, step=MINUTE, first=FIRST)
    now = FIRST + 100 * MINUTE
    desk.shown(**MINUTES, fills=[{"time": now + 5, "buy": False, "label": "S 1"}])
    assert desk.marked() == []
    desk.say(walk(1, step=MINUTE, first=now)[0])
    assert desk.marked() == [now]
