"""Splits and dividends of what is held, worked into the books once for each account.

A paper account is paid on the ex-day, for what it held when that day began, rounded to the cent; taxes are
not taken. At a live venue a dividend comes when the venue pays it and is booked then, as cash from outside;
here it is only written down. A split multiplies the units, and a fraction that it makes is kept: on paper
nobody pays it out.
"""

from collections.abc import Callable
from datetime import tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from marketpulse.execution.journal import Draft
from marketpulse.execution.kit import Kit
from marketpulse.portfolio.codec import Paid, write_action
from marketpulse.portfolio.entitled import held_before
from marketpulse.types import ActionKind, CorporateAction, EventKind, Order

__all__ = ["book_action"]

_CENT = Decimal("0.01")
_PAPER = "paper:"
_ZONES = {"XNYS": ZoneInfo("America/New_York"), "XBOM": ZoneInfo("Asia/Kolkata")}
_ELSEWHERE = ZoneInfo("UTC")

Want = Callable[[Draft, Order, str, str], None]
"""How the wish to cancel an order is written down."""


def book_action(kit: Kit, want: Want, action: CorporateAction) -> bool:
    """Write ``action`` down for each account that it concerns; tells whether anything was new."""
    with kit.journal.holding() as books:
        rows = [row for account in books.accounts if (row := _row(kit, account, action)) is not None]
        rows = [row for row in rows if not books.has_key(row[1])]
        if not rows:
            return False
        new = False
        with kit.journal.writing() as draft:
            for account, key, paid in rows:
                if draft.fresh(key):
                    payload = write_action(action, paid)
                    draft.add(EventKind.ACTION, action.symbol, payload, key, account=account)
                    new = True
            if new and action.kind is ActionKind.SPLIT:
                for order in books.open_orders:
                    if order.request.symbol == action.symbol:
                        want(draft, order, "SPLIT", "The share was split; place it again.")
        return new


def _row(kit: Kit, account: str, action: CorporateAction) -> tuple[str, str, Paid | None] | None:
    """Return account, key and what is paid; None where the action is none of this account's business."""
    paper = account.startswith(_PAPER)
    key = f"action:{action.symbol}:{action.day.isoformat()}:{action.kind}"
    key = key if paper else f"{key}:{account}"  # the first ledgers knew one account only
    holds = bool(kit.books.held(action.symbol, account))
    if action.kind is ActionKind.SPLIT or not paper:
        return (account, key, None) if holds else None
    held = held_before(kit.books.moves(action.symbol, account), action.day, _zone(kit, action.symbol))
    if held <= 0 and not holds:
        return None
    held = max(held, Decimal(0))
    cash = (held * action.value).quantize(_CENT, ROUND_HALF_EVEN)
    return account, key, Paid(held, cash, kit.instruments[action.symbol].currency)


def _zone(kit: Kit, symbol: str) -> tzinfo:
    return _ZONES.get(kit.instruments[symbol].calendar, _ELSEWHERE)
