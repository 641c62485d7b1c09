"""The panels of the Risk page, each drawn from one Snapshot."""

from collections.abc import Sequence

import streamlit as st

from marketpulse.types import Check, PositionView, Snapshot
from pages import charts, parts, trust
from pages.formats import EASTERN
from pages.parts import Column, Markup

__all__ = ["curve", "exposure", "limits", "positions", "spread", "value_at_risk"]

WORST = 6
"""Past days shown."""

_LIMITS = (Column("Limit", "wrap"), Column("", "", "26%"), Column("Used", "right"), Column("Limit", "right"),
           Column("Use", "right"))  # fmt: skip
_SLOW = 5
"""Positions whose days to sell are shown, the slowest first."""

_HUNDREDTH = 0.01
_SELLING = (Column("Days to sell"), Column("", "right"))
_DAYS = (
    Column("Worst past days"),
    Column("", "", "34%"),
    Column("P&L", "right"),
    Column("Of equity", "right"),
)
_POSITIONS = (
    Column("Symbol"), Column("", "", "15%"), Column("Of equity", "right"), Column("Value", "right wide"),
    Column("Quantity", "right wide"), Column("Open P&L", "right"), Column("Day P&L", "right wide"),
    Column("Stop", "right wide"), Column("Lost at the stop", "right wide"), Column("Of open risk", "right wide"),
)  # fmt: skip


def limits(now: Snapshot) -> None:
    """Each limit, how much of it is used, and what was compared."""
    high = sum(1 for check in now.risk.limits if (check.use or 0) >= 0.8)  # noqa: PLR2004 - amber begins here
    parts.title("Limits", f"{high} above 80%" if high else "all below 80%")
    parts.html(parts.table(_LIMITS, [_limit(check) for check in now.risk.limits]))
    for check in now.risk.limits:
        if check.passed and (check.use or 0) < 0.8:  # noqa: PLR2004 - as above
            continue
        kind: parts.Tone = "" if check.passed else "warn" if check.advisory else "down"
        parts.html(parts.span(check.sentence, kind or "muted", "small"))


def _limit(check: Check) -> tuple[object, ...]:
    kind = parts.use_tone(check.use)
    plate = parts.join(" ", parts.tag("warns only")) if check.advisory else ""
    value = parts.span(check.value, kind) if kind in ("warn", "down") else check.value
    return (
        parts.join(check.label, plate),
        parts.bar(check.use, kind),
        value,
        parts.span(check.limit, "muted"),
        parts.span(parts.percent(check.use, 0), "muted"),
    )


def value_at_risk(now: Snapshot) -> None:
    """The VaR beside the other measures of the book, and the worst of its past days."""
    risk, value = now.risk, now.valuation
    equity = f"equity {parts.money(value.equity)}" if value.equity is not None else "equity unknown"
    parts.title("Value at risk", f"{equity} · {risk.bars} bars")
    parts.html(parts.span(parts.kv(_key_values(now)), "stacked"))
    parts.html(parts.span(_method(now), "muted", "small"))
    worst = sorted(risk.scenario_pnl, key=lambda day: day[1])[:WORST]
    if worst and worst[0][1] < 0:
        parts.html(parts.table(_DAYS, [_day(day, pnl, worst[0][1], now) for day, pnl in worst]))


def _key_values(now: Snapshot) -> list[tuple[str, object, str]]:
    risk, value = now.risk, now.valuation
    unknown = risk.var is None
    fall = value.peak - value.equity if value.equity is not None else None
    return [
        (
            "VaR 99%, 1 d",
            "unknown" if unknown else parts.money(risk.var, 0),
            risk.var_note.removeprefix("unknown, ") if unknown else "loss",
        ),
        (
            "VaR of equity",
            parts.percent(risk.var_fraction, 2),
            "in one day" if risk.var_fraction is not None else "",
        ),
        (
            "Volatility",
            parts.percent(risk.volatility),
            "a year" if risk.volatility is not None else "not known yet",
        ),
        ("Sharpe", parts.number(risk.sharpe), risk.sharpe_note.removeprefix("unknown, ")),
        (
            "Drawdown",
            parts.percent(-value.drawdown, 2),
            f"{parts.money(fall, 0)} below {parts.money(value.peak, 0)}",
        ),
        ("Gross", parts.percent(risk.gross), "of equity"),
        ("Open risk", parts.percent(risk.open_risk), "at the stops"),
        ("Day P&L", parts.span(parts.money(value.day_pnl, plus=True), parts.tone(value.day_pnl)), ""),
    ]


def _method(now: Snapshot) -> str:
    if now.risk.var is None:
        return f"VaR is {now.risk.var_note}. It refuses nothing while it is unknown."
    if not now.risk.scenario_pnl:
        return f"{now.risk.var_note[:1].upper()}{now.risk.var_note[1:]}."
    return (
        f"{now.risk.var_note}: what is held now, run through each of those past days. "
        "On 99 of 100 such days the book would have lost less."
    )


def _day(day: str, pnl: float, worst: float, now: Snapshot) -> tuple[object, ...]:
    var, equity = now.risk.var, now.valuation.equity
    kind: parts.Tone = "down" if var is not None and -pnl > var else "muted"
    share = parts.percent(pnl / equity, 2) if equity else parts.DASH
    mark = var / -worst if var is not None else None
    return day, parts.bar(pnl / worst, kind, mark), parts.span(parts.money(pnl, 0), "down"), share


def exposure(now: Snapshot) -> None:
    """Market value by asset class, and cash."""
    parts.title("Exposure", _levered(now))
    value = now.valuation
    held = [*now.risk.exposure]
    if value.equity:
        held.append(("cash", float(value.cash) / value.equity))
    rows: list[tuple[object, ...]] = [
        (
            name.capitalize(),
            parts.bar(share, "muted" if name == "cash" else "accent"),
            parts.percent(share),
            parts.number(share * (value.equity or 0.0), 0),
        )
        for name, share in held
    ]
    parts.html(parts.table(_spread_over("Class"), rows))
    _lies(now)
    simulated = {p.symbol for p in value.positions if p.quantity and _simulated(p, now)}
    if simulated:
        parts.html(parts.span(f"Simulated prices: {', '.join(sorted(simulated))}.", "muted", "small"))


def _spread_over(kind: str) -> tuple[Column, ...]:
    return Column(kind), Column("", "", "38%"), Column("Weight", "right"), Column("USD", "right")


def _levered(now: Snapshot) -> str:
    """Net and leverage in a few words."""
    seen = now.risk.exposures
    if seen is None or seen.leverage is None:
        return "of equity"
    return f"net {parts.percent(seen.net)} · leverage {seen.leverage:.2f}x"


def _lies(now: Snapshot) -> None:
    """What is held by sector and currency, and how long its sale would take."""
    seen, equity = now.risk.exposures, now.valuation.equity or 0.0
    if seen is None:
        return
    for kind, groups in (("Sector", seen.sectors), ("Currency", seen.currencies)):
        rows: list[tuple[object, ...]] = [
            (name, parts.bar(share, "accent"), parts.percent(share), parts.number(share * equity, 0))
            for name, share in groups
        ]
        if rows:
            parts.html(parts.table(_spread_over(kind), rows))
    if seen.liquidity:
        slow: list[tuple[object, ...]] = [
            (symbol, "unknown" if days is None else f"{days:.2f}" if days >= _HUNDREDTH else "under 0.01")
            for symbol, days in seen.liquidity[:_SLOW]
        ]
        parts.html(parts.table(_SELLING, slow))
        told = f"At {seen.volume_share:.0%} of the median volume of 21 days."
        parts.html(parts.span(told, "muted", "small"))


def _simulated(position: PositionView, now: Snapshot) -> bool:
    datum = now.market.get(position.symbol)
    return bool(datum and datum.simulated)


def curve(now: Snapshot) -> None:
    """Equity since the desk began, and how far below its highest."""
    curve = now.valuation.curve
    parts.title("Equity and drawdown", _span_of(now))
    if len(curve) < 2:  # noqa: PLR2004 - a line needs two points
        parts.html(
            parts.empty(
                "No curve yet", "Equity is noted as the desk runs; the first points come within minutes."
            )
        )
        return
    local = [(moment.astimezone(EASTERN).replace(tzinfo=None), equity) for moment, equity in curve]
    band = now.valuation.band
    charts.show(charts.equity_and_drawdown_figure(local, parts.palette(), band), "equity", 250)
    if band:
        low, high = (parts.money(edge, 0) for edge in band[-1])
        told = f"The band is equity at the paper fills' worse and better prices, now {low} to {high}."
        parts.html(parts.span(told, "muted", "small"))


def _span_of(now: Snapshot) -> str:
    curve = now.valuation.curve
    if not curve:
        return ""
    first, last = (parts.eastern(moment, "%b %d %H:%M") for moment in (curve[0][0], curve[-1][0]))
    return f"{first} to {last} ET"


def spread(now: Snapshot) -> None:
    """How one-day P&L of the present book would have been spread."""
    risk = now.risk
    parts.title(
        "One-day P&L of this book", f"{len(risk.scenario_pnl)} past days" if risk.scenario_pnl else ""
    )
    if risk.var is None:
        parts.html(parts.empty("Not enough history", f"VaR is {risk.var_note}; it needs 100 bars."))
    elif not risk.scenario_pnl:
        parts.html(parts.empty("Nothing is held", "With a position, its past days are shown here."))
    else:
        pnl = [amount for _, amount in risk.scenario_pnl]
        charts.show(charts.pnl_figure(pnl, risk.var, parts.palette()), "spread", 288)
        beyond = sum(1 for amount in pnl if amount < -risk.var)
        parts.html(parts.span(f"Red: {beyond} of {len(pnl)} days beyond the VaR.", "muted", "small"))


def positions(now: Snapshot) -> None:
    """Where the equity and the open risk lie."""
    held = sorted((p for p in now.valuation.positions if p.quantity), key=lambda p: -(p.weight or 0))
    limit = _position_limit(now, held)
    about = f" · tick: limit {parts.percent(limit, 0)}" if limit else ""
    parts.title("Positions", f"{len(held)} held{about}" if held else "")
    if not held:
        parts.html(
            parts.empty(
                "Nothing is held", "The VaR of an empty book is 0. Buy something and its risk is shown here."
            )
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Open ticket", type="primary", icon=":material/receipt_long:", key="open_ticket"):
                st.switch_page("orders.py")
        return
    losses = {position.symbol: _at_stop(position) for position in held}
    total = sum(loss or 0.0 for loss in losses.values())
    rows = [_position(p, losses[p.symbol], total, limit, now) for p in held]
    parts.html(parts.table(_POSITIONS, rows))
    parts.html(parts.span("A position without a stop counts whole towards the open risk.", "muted", "small"))


def _position_limit(now: Snapshot, held: Sequence[PositionView]) -> float | None:
    """The largest weight allowed, a fraction: what the desk's own check compares the largest one with."""
    check = next((check for check in now.risk.limits if check.code == "POSITION_LIMIT"), None)
    largest = max((position.weight or 0.0 for position in held), default=0.0)
    return largest / check.use if check and check.use else None


def _at_stop(position: PositionView) -> float | None:
    """What is lost when the stop is hit; without a stop the position counts whole."""
    if position.last is None:
        return None
    stop = float(position.stop) if position.stop is not None else 0.0
    return float(position.quantity) * max(0.0, position.last - stop)


def _position(
    position: PositionView, loss: float | None, total: float, limit: float | None, now: Snapshot
) -> tuple[object, ...]:
    weight, full = position.weight or 0.0, (limit or 0.15) * 4 / 3
    instrument, datum = now.instruments.get(position.symbol), now.market.get(position.symbol)
    plates = trust.plates(datum, instrument) if datum else []
    if position.stale and not (datum and datum.stale):
        plates = [parts.tag("STALE", "warn"), *plates]
    return (
        parts.join(parts.bold(position.symbol), *plates, by=" "),
        parts.bar(weight / full, parts.use_tone(weight / limit if limit else None), limit and limit / full),
        parts.percent(position.weight),
        parts.span(parts.number(position.value), hint=trust.basis(datum)),
        parts.quantity(position.quantity),
        _signed(position.unrealized),
        _signed(position.day_pnl),
        parts.price(position.stop, instrument) if position.stop is not None else parts.span("none", "muted"),
        parts.number(None if loss is None else -loss, 0),
        parts.percent(loss / total if loss is not None and total else None, 0),
    )


def _signed(amount: float | None) -> Markup:
    return parts.span(parts.number(amount, plus=True), parts.tone(amount))
