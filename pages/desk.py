"""The Desk page: what the account is worth, what the market does, what is held and what waits."""

import streamlit as st

from marketpulse import desk
from marketpulse.types import Instrument, Interval, ModelStage, Side, Snapshot
from pages import charts, parts, tables, working

WIDE, NARROW = 2.05, 1.0
OVERLAYS = ("EMA", "RSI")
LENGTHS = {Interval.DAY: "1D", Interval.HOUR: "1H", Interval.MINUTE: "1m"}


def chosen(now: Snapshot) -> Instrument:
    """The instrument on the chart: the one last picked, before that the first."""
    symbol = st.session_state.get("chart_symbol", "")
    return now.instruments.get(symbol) or next(iter(now.instruments.values()))


def choose(symbol: str) -> None:
    """Put another instrument on the chart."""
    st.session_state.chart_symbol = symbol


def bar_length(now: Snapshot, instrument: Instrument) -> Interval:
    """Ask for the length of a bar where there is a choice; it is kept for the next instrument that has it."""
    offered = now.intervals.get(instrument.symbol, ())
    if len(offered) < 2:  # noqa: PLR2004 - one is no choice
        parts.html(parts.tag(LENGTHS[Interval.DAY], "accent", "One bar is one day."), width="content")
        return Interval.DAY
    picked = st.segmented_control(
        "One bar is",
        [interval.value for interval in offered],
        default=Interval.DAY.value,
        format_func=lambda value: LENGTHS[Interval(value)],
        required=True,
        label_visibility="collapsed",
        key="chart_length",
        persist_state="session",
    )
    return Interval(picked or Interval.DAY)


def chart_panel(now: Snapshot, height: int) -> None:
    """The live chart of one instrument, and the way to an order."""
    instrument = chosen(now)
    with parts.panel("chart"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="chart_bar"):
            st.session_state.chart_pick = instrument.symbol
            st.selectbox(
                "Symbol",
                list(now.instruments),
                key="chart_pick",
                label_visibility="collapsed",
                width=116,
                on_change=lambda: choose(st.session_state.chart_pick),
            )
            interval = bar_length(now, instrument)
            shown = st.pills(
                "Overlays",
                OVERLAYS,
                default=OVERLAYS,
                selection_mode="multi",
                label_visibility="collapsed",
                key="chart_overlays",
                persist_state="session",
            )
            st.space("stretch")
            off = not instrument.tradable
            if st.button("Buy", type="primary", key="chart_buy", disabled=off):
                parts.ticket(instrument.symbol, Side.BUY)
            if st.button("Sell", key="chart_sell", disabled=off):
                parts.ticket(instrument.symbol, Side.SELL)
        position = next((p for p in now.valuation.positions if p.symbol == instrument.symbol), None)
        orders = [order for order in now.working if order.request.symbol == instrument.symbol]
        charts.live_chart(
            instrument,
            lines=charts.price_lines(position, orders),
            fills=charts.fill_marks(now.fills, instrument.symbol),
            ema="EMA" in shown,
            rsi="RSI" in shown,
            height=height,
            interval=interval,
        )


def watch_panel(now: Snapshot) -> None:
    """All instruments; a press on a row puts it on the chart."""
    with parts.panel("watch", stretch=False):
        parts.title("Watchlist", "press a row for its chart")
        symbols = list(now.instruments)
        parts.pick_table(tables.watchlist(now, chosen(now).symbol), symbols, "watch_rows", choose, "Chart of")


def signal_panel(now: Snapshot) -> None:
    """What the model says, or how far it is."""
    model = now.model
    with parts.panel("signals"):
        if now.signals:
            card = model.card
            about = (
                f"{card.name} {card.version[:8]} · {card.horizon} days ahead · tick: base rate"
                if card
                else ""
            )
            parts.title("Signals", about)
            parts.html(tables.signals(now))
        elif model.stage in (ModelStage.WAITING, ModelStage.TRAINING):
            parts.title("Signals", "the model is training" if model.stage is ModelStage.TRAINING else "")
            parts.html(parts.progress(model.progress, f"{model.note} The desk is usable meanwhile.".strip()))
        else:
            parts.title("Signals", model.stage.value)
            parts.html(parts.empty("No signal yet", model.note or "One is issued after each closed bar."))


def positions_panel(now: Snapshot) -> None:
    """What is held."""
    rows = tables.held(now)
    gross = parts.percent(now.risk.gross, 0)
    with parts.panel("positions"):
        parts.title(
            "Positions",
            f"{len(rows)} open · gross {gross} of equity · bar full at 25%" if rows else "none open",
        )
        if rows:
            keys = [position.symbol for position in rows]
            parts.pick_table(tables.positions(now), keys, "position_rows", choose, "Chart of")
            return
        parts.html(
            parts.empty(
                "No positions yet", "Take a symbol, let the desk check the order, and watch the fill."
            )
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button(
                "Open the ticket", type="primary", icon=":material/receipt_long:", key="first_order"
            ):
                instrument = chosen(now)
                parts.ticket(instrument.symbol if instrument.tradable else "", Side.BUY)


@st.fragment(run_every=parts.REFRESH)
def market() -> None:
    """Key figures, chart, watchlist and signals."""
    now = desk.current().snapshot()
    parts.html(tables.key_figures(now))
    left, right = st.columns([WIDE, NARROW], gap="xsmall")
    rows = len(now.instruments) + max(len(now.signals), 2)
    with left:
        chart_panel(now, height=min(max(24 * rows + 70, 380), 620))
    with right:
        watch_panel(now)
        signal_panel(now)


@st.fragment(run_every=parts.REFRESH)
def book() -> None:
    """Positions and working orders."""
    now = desk.current().snapshot()
    left, right = st.columns([WIDE, NARROW], gap="xsmall")
    with left:
        positions_panel(now)
    with right, parts.panel("working"):
        working.working_orders(now)
    working.follow(now)
    parts.show_said()


def foot() -> None:
    """Whose desk this is, and whose chart."""
    now = desk.current().snapshot()
    chart = parts.link("TradingView Lightweight Charts", "https://www.tradingview.com/")
    words = parts.join(f"MarketPulse {now.version} · account {now.account} · chart by ", chart)
    parts.html(parts.span(words, "muted", "small"))


with parts.alone():
    market()
with parts.alone():
    book()
foot()
