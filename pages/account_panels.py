"""The panels of the Accounts page, each drawn from one Snapshot."""

from collections.abc import Callable

from marketpulse import desk
from marketpulse.types import (
    AccountView,
    Balance,
    ClosedLot,
    ExternalOrder,
    Lot,
    Mode,
    Quality,
    Rate,
    Snapshot,
)
from pages import deeds, parts
from pages.parts import Column, Markup
from pages.words import when

__all__ = ["accounts", "balances", "closed_lots", "lots", "quality"]

LOTS = 50
"""Rows shown of each list of lots."""

_ACCOUNTS = (
    Column("Account", "wrap"),
    Column("Trades", "wrap wide"),
    Column("Compared", "right wide"),
    Column("State", "right"),
)
_DIFFERENCE = (Column("Differs in"), Column("Books", "right"), Column("Venue", "right"))
_EXTERNAL = (
    Column("Not this desk's", "wrap"),
    Column("Quantity", "right"),
    Column("Price", "right"),
    Column("Id", "wide"),
)
_BALANCES = (
    Column("Currency"),
    Column("Account", "wide"),
    Column("Amount", "right"),
    Column("Rate", "right"),
    Column("Value", "right"),
)
_LOTS = (
    Column("Symbol"),
    Column("Opened", "wide"),
    Column("Units", "right"),
    Column("Cost", "right"),
    Column("A unit", "right wide"),
)
_CLOSED = (
    Column("Symbol"),
    Column("Opened", "wide"),
    Column("Closed"),
    Column("Units", "right wide"),
    Column("Proceeds", "right wide"),
    Column("Gain", "right"),
)
_QUALITY = (
    Column("Orders of", "nowrap"),
    Column("Fills", "right"),
    Column("Filled", "right wide"),
    Column("From arrival", "right"),
    Column("From the bar", "right"),
    Column("Spread paid", "right wide"),
    Column("Time", "right wide"),
)
_GO_LIVE = (
    "Orders stay on paper. To trade with a broker: set its keys, MARKETPULSE_ROUTES and MARKETPULSE_LIVE=1, "
    "start again, and type the account's id here. docs/live.md has the steps."
)


def accounts(now: Snapshot) -> None:
    """Each account of the set, what its venue and the books disagree about, and what can be done."""
    parts.title("Accounts", "paper: no money moves" if now.mode is Mode.PAPER else "real venues")
    if not now.accounts:
        parts.html(parts.empty("No account yet", "The desk is still asking its venues."))
        return
    parts.html(parts.table(_ACCOUNTS, [_account(view, now) for view in now.accounts]))
    live = [view for view in now.accounts if view.broker != "paper"]
    for view in live:
        _needs(view, now)
    if not live:
        parts.html(parts.span(_GO_LIVE, "muted", "small"))


def _account(view: AccountView, now: Snapshot) -> tuple[object, ...]:
    kind = "real money" if view.mode is Mode.LIVE else "no real money"
    about = " · ".join(piece for piece in (view.account_id, kind) if piece)
    checked = f"{parts.age((now.time - view.checked).total_seconds())} ago" if view.checked else parts.DASH
    told = parts.stack(parts.bold(view.broker), about)
    if view.note:
        told = parts.join(told, parts.span(view.note, "warn", "small", "block"))
    return (
        told,
        parts.span(", ".join(view.asset_classes) or parts.DASH, "muted"),
        parts.span(checked, "muted"),
        parts.join(*_plates(view), by=" "),
    )


def _plates(view: AccountView) -> list[Markup]:
    if view.broker == "paper":
        return [parts.tag("paper", "accent")]
    agreed = parts.tag("agrees", "accent") if view.reconciled else parts.tag("not compared", "warn")
    if view.difference:
        agreed = parts.tag("differs", "down")
    money: parts.Tone = "down" if view.mode is Mode.LIVE else "accent"
    armed = parts.tag("armed", money) if view.armed else parts.tag("not armed")
    return [agreed, armed]


def _needs(view: AccountView, now: Snapshot) -> None:
    """Draw what one live account wants from a person: a login, a decision, an arming."""
    if view.difference:
        rows = [(d.what, _units(d.books), _units(d.venue)) for d in view.difference]
        parts.html(parts.table(_DIFFERENCE, rows))
    if view.external:
        parts.html(parts.table(_EXTERNAL, [_external(order) for order in view.external]))
    if view.phrase:
        told = f"Adopting books what {view.broker} shows as it is; type {view.phrase}"
        _typed(
            view,
            "adopt",
            told,
            "Adopt",
            lambda text: desk.current().adopt(view.broker, view.account_id, text),
        )
    elif view.reconciled and not view.armed:
        money = "real money" if view.mode is Mode.LIVE else "the venue's test money"
        told = f"Orders will move {money}; type the account's id, {view.account_id}"
        _typed(view, "arm", told, "Arm", lambda text: desk.current().arm(view.broker, text))
    if view.login_expires is not None or "log in" in view.note.lower():
        until = f"The login ends {when(view.login_expires, now.time)} ET. " if view.login_expires else ""
        told = f"{until}After logging in at {view.broker}, paste the request token"
        _typed(view, "login", told, "Log in", lambda text: desk.current().login(view.broker, text))


def _typed(view: AccountView, name: str, label: str, button: str, act: Callable[[str], object]) -> None:
    """A field for what must be typed, and its button."""
    done = f"Done: {button.lower()} {view.broker}."
    deeds.typed(
        f"{name}_{view.broker}",
        label,
        button,
        lambda text: deeds.attempt(lambda: act(text), done, "check_circle", button),
    )


def _units(number: object) -> str:
    return f"{number:f}" if number is not None else parts.DASH


def _external(order: ExternalOrder) -> tuple[object, ...]:
    prices = [p for p in (order.limit_price, order.stop_price) if p is not None]
    side = parts.side(order.side) if order.side else ""
    own = parts.tag("our id, unknown order", "down") if order.ours else ""
    return (
        parts.join(side, parts.bold(order.symbol), own, by=" "),
        _units(order.quantity),
        " / ".join(_units(p) for p in prices) or parts.DASH,
        parts.span(order.client_id or order.venue_id, "muted", "small"),
    )


def balances(now: Snapshot) -> None:
    """Cash by currency, with the rate and whose it is."""
    value = now.valuation
    parts.title("Cash", f"base currency {value.currency}")
    rates = {rate.currency: rate for rate in value.rates}
    parts.html(parts.table(_BALANCES, [_balance(b, rates.get(b.currency), now) for b in value.balances]))
    for sentence in value.unknown:
        parts.html(parts.span(sentence, "warn", "small", "block"))


def _balance(balance: Balance, rate: Rate | None, now: Snapshot) -> tuple[object, ...]:
    base = now.valuation.currency
    if balance.currency == base:
        told: object = parts.span("base", "muted")
    elif rate is None or rate.value is None:
        told = parts.span("no rate", "warn")
    else:
        age = f", {parts.age(rate.age)} old" if rate.age is not None else ""
        told = parts.stack(parts.number(rate.value, 4), f"{rate.source}{age}")
    return (
        parts.bold(balance.currency),
        parts.span(balance.account, "muted", "small"),
        parts.number(balance.amount),
        told,
        parts.money(balance.value, currency=base),
    )


def lots(now: Snapshot) -> None:
    """What is held, purchase by purchase."""
    parts.title("Tax lots", "first in, first out; fees in the cost")
    if not now.lots:
        parts.html(parts.empty("Nothing is held", "Each purchase shows here until it is sold."))
        return
    parts.html(parts.table(_LOTS, [_lot(lot, now) for lot in now.lots[:LOTS]]))
    if len(now.lots) > LOTS:
        parts.html(parts.span(f"The first {LOTS} of {len(now.lots)}.", "muted", "small"))


def _lot(lot: Lot, now: Snapshot) -> tuple[object, ...]:
    each = lot.cost / lot.quantity if lot.quantity else None
    return (
        parts.bold(lot.symbol),
        parts.span(when(lot.opened, now.time), "muted"),
        parts.quantity(lot.quantity),
        parts.money(lot.cost, currency=lot.currency),
        parts.price(each, now.instruments.get(lot.symbol)),
    )


def closed_lots(now: Snapshot) -> None:
    """What was sold, with its gain after fees, newest first."""
    parts.title("Sold", "gain after fees, by lot")
    if not now.closed:
        parts.html(parts.empty("Nothing was sold yet", "Each sale shows here with what its units had cost."))
        return
    parts.html(parts.table(_CLOSED, [_sold(lot, now) for lot in now.closed[:LOTS]]))
    parts.html(
        parts.span(
            "Every lot as CSV: python -m marketpulse export lots --csv --method fifo", "muted", "small"
        )
    )


def _sold(lot: ClosedLot, now: Snapshot) -> tuple[object, ...]:
    gain = parts.money(lot.gain, plus=True, currency=lot.currency)
    return (
        parts.bold(lot.symbol),
        parts.span(when(lot.opened, now.time), "muted"),
        parts.span(when(lot.closed, now.time), "muted"),
        parts.quantity(lot.quantity),
        parts.money(lot.proceeds, currency=lot.currency),
        parts.span(gain, parts.tone(lot.gain)),
    )


def quality(now: Snapshot) -> None:
    """How orders were executed; plus is worse for us, whichever the side."""
    parts.title("Execution quality", "basis points, plus is worse")
    if not now.quality:
        parts.html(
            parts.empty("No order has reached a venue", "What fills cost against the market shows here.")
        )
        return
    parts.html(parts.table(_QUALITY, [_executed(row) for row in now.quality]))


def _executed(row: Quality) -> tuple[object, ...]:
    name = row.venue or row.symbol or row.type.replace("_", " ") or "all"
    return (
        parts.bold(name) if name == "all" else name,
        str(row.fills),
        parts.percent(row.fill_ratio, 0),
        _points(row.slippage),
        _points(row.against_vwap),
        _points(row.spread_paid),
        parts.age(row.seconds),
    )


def _points(fraction: float | None) -> Markup:
    """Basis points; red where they cost us."""
    if fraction is None:
        return parts.span(parts.DASH, "muted")
    return parts.span(parts.number(fraction * 1e4, 1, plus=True), parts.tone(-fraction))
