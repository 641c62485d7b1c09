"""What is compared after a proof: the ledger with what the venue did, counted in whole cents.

Nothing here uses the fold of ``portfolio`` for its own sums, or the other way round.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from marketpulse.execution.lifecycle import EDGES
from marketpulse.portfolio import Books
from marketpulse.portfolio.families import EXITS
from marketpulse.prove.venue import ACCOUNT, CASH, Venue
from marketpulse.types import OPEN_STATES, Event, EventKind, OrderState, Side, TimeInForce

__all__ = ["disagreements"]

_UNSENT = frozenset({"NOT_SENT", "REDUCE_ONLY", "GOOD_TILL_OVER", "DAY_OVER"})
"""Why an order may end before it leaves."""


def disagreements(events: Sequence[Event], venue: Venue, acknowledged: Iterable[str] = ()) -> Counter[str]:
    """Everything in which a ledger and its venue disagree, by name; empty when they agree.

    Parameters
    ----------
    acknowledged : client ids that ``place`` has answered
    """
    books = Books.of(ACCOUNT, events)
    intents = {str(e.payload["client_order_id"]): e.ref for e in events if e.kind is EventKind.ORDER}
    booked = Counter(str(e.payload["trade_id"]) for e in events if e.kind is EventKind.FILL)
    traded = {fill["id"] for fill in venue.fills}
    sent = Counter(order["cid"] for order in venue.orders)
    found: Counter[str] = Counter()
    found["lost fill"] = len(traded - set(booked))
    found["phantom fill"] = len(set(booked) - traded)
    found["doubled fill"] = sum(n - 1 for n in booked.values())
    found["doubled order"] = sum(n - 1 for n in sent.values())
    found["order without intent"] = len(set(sent) - set(intents))
    found["lost acknowledgement"] = len(set(acknowledged) - set(intents))
    found["illegal step"] = _illegal(events)
    found["two exits at once"] = _exits(events)
    found["more sold by exits than bought"] = _oversold(books)
    absent = {e.ref for e in events if e.payload.get("code") == "NOT_AT_VENUE"}
    found["denied an order the venue has"] = len(absent & {intents.get(cid, "") for cid in sent})
    found.update(_ends(books, venue))
    found.update(_money(books, venue))
    return +found


def _money(books: Books, venue: Venue) -> Iterable[str]:
    cash, held = int(CASH * 100), Counter[str]()
    for fill in venue.fills:
        cash -= fill["side"] * fill["quantity"] * fill["price"] + fill["fee"]
        held[fill["symbol"]] += fill["side"] * fill["quantity"]
    if books.portfolio.cash * 100 != cash:
        yield "cash"
    ours = {s: p.quantity for s, p in books.portfolio.positions.items() if p.quantity}
    if ours != {s: n for s, n in held.items() if n}:
        yield "positions"


def _ends(books: Books, venue: Venue) -> Iterable[str]:
    """Orders whose end differs from the venue's."""
    there = {order["cid"]: order for order in venue.orders}
    for order in books.orders.values():
        if order.state is OrderState.DENIED:
            continue
        at_venue = there.get(order.client_order_id)
        if at_venue is None:
            ended = {OrderState.REJECTED, OrderState.CANCELED}
        elif at_venue["left"] == 0:
            ended = {OrderState.FILLED}
        else:
            ended = {OrderState.CANCELED}
        timed = order.request.time_in_force is not TimeInForce.GTC and OrderState.CANCELED in ended
        late = at_venue is None and any(reason.code in _UNSENT for reason in order.reasons)
        if order.state not in ended and not ((timed or late) and order.state is OrderState.EXPIRED):
            yield f"ended {order.state}, not {min(ended)}"


def _exits(events: Iterable[Event]) -> int:
    """Count exits that were placed while another one of the same order might still trade."""
    states: dict[str, OrderState] = {}
    legs: dict[str, list[str]] = {}
    count = 0
    for event in events:
        if event.kind is EventKind.ORDER:
            states[event.ref] = OrderState.NEW
            if event.payload.get("role") in EXITS:
                kin = legs.setdefault(str(event.payload["parent"]), [])
                count += any(states[leg] in OPEN_STATES for leg in kin)
                kin.append(event.ref)
        elif event.kind in {EventKind.STATE, EventKind.FILL}:
            states[event.ref] = OrderState(str(event.payload["to"]))
    return count


def _oversold(books: Books) -> int:
    """Count orders whose exits sold more than they were for."""
    sold: Counter[str] = Counter()
    for order in books.orders.values():
        if order.role in EXITS and order.parent:
            sold[order.parent] += int(order.filled_quantity)
    count = 0
    for parent, units in sold.items():
        order = books.orders[parent]
        bought = order.filled_quantity if order.request.side is Side.BUY else order.remaining
        count += units > bought
    return count


def _illegal(events: Iterable[Event]) -> int:
    """Count steps that are not in the table; each order is followed from its first event."""
    states: dict[str, OrderState] = {}
    count = 0
    for event in events:
        if event.kind is EventKind.ORDER:
            states[event.ref] = OrderState.NEW
        elif event.kind in {EventKind.STATE, EventKind.FILL}:
            to = OrderState(str(event.payload["to"]))
            count += to not in EDGES[states[event.ref]]
            states[event.ref] = to
    return count
