"""Zerodha's Kite: shares on the National Stock Exchange of India, for delivery (product CNC), in rupees.

The venue keeps no client id. Ours goes along as the order's ``tag``, a label that the venue neither checks nor
searches by, so nothing at the venue stops a second order: the order book is read before each order, an order
leaves only if its tag is not there, and whatever was not clearly answered is looked up by its tag.

An answer of 200 says that Kite has the order, not that the exchange took it: the state comes from the order book.
That book lives one day. The venue has no sandbox, so this adapter always moves real money.

Fees: taxes and charges of a trade are not told with it; fills carry none.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketpulse.brokers.amending import Amending
from marketpulse.brokers.kite_login import INDIA, KiteSession, kite_client
from marketpulse.brokers.kite_order import (
    CAN,
    ENDS,
    OURS,
    SIDES,
    VARIETY,
    changes_of,
    client_id_of,
    count,
    elsewhere,
    fields_of,
    moment_of,
    place_of,
    safe,
    spelled,
    tag_of,
    view_of,
)
from marketpulse.brokers.kite_words import Absent, of_cancel, of_change, of_order, of_question
from marketpulse.brokers.web import decimal, listed, spoken, text
from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled, Uncertain
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import Fill, Instrument, OrderRequest, OrderState

__all__ = ["KiteBroker"]

_NAME = "kite"
_BLIND = 2.0  # seconds until the next try when the order book could not be read before an order
_SECOND = timedelta(seconds=1)
_SHOWN = timedelta(seconds=CAN.grace)  # by then an order stands in the book


class KiteBroker:
    """An account at Zerodha. Blocks; raises Rejected, Uncertain, Throttled and AuthExpired only.

    Parameters
    ----------
    clock : the desk's
    session : today's login, from ``KiteLogin``
    prepare : takes the HTTP session before its first use
    """

    def __init__(
        self, clock: Clock, session: KiteSession, *, prepare: Callable[[Any], None] = lambda _: None
    ) -> None:
        self._clock = clock
        self._prepare = prepare
        self._session = session
        self._vendor: Any = None
        self._days: dict[str, date] = {}  # our client ids that were sent or seen, and their day in India
        self._tags: dict[str, str] = {}  # the venue's id of an order -> its client id
        self._changes = Amending(_NAME, clock, CAN.grace)

    @property
    def name(self) -> str:
        """``kite``."""
        return _NAME

    @property
    def capabilities(self) -> BrokerCapabilities:
        """Market and limit orders, with a stop price or without, in shares, with real money."""
        return CAN

    def renew(self, session: KiteSession) -> None:
        """Go on with a new login; what is known of today's orders stays."""
        if session.user_id != self._session.user_id:
            raise AuthExpired("kite: this login is of another account")
        self._session, self._vendor = session, None

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once; a tag that stands in the order book already is that order."""
        fields = fields_of(client_id, instrument, request)
        view = self._before(OrderRef(client_id, None, instrument))
        if view is None:
            self._days[client_id] = self._today()
            try:
                answer = spoken(lambda: self._client().place_order(**fields), of_order)
            except (Rejected, Throttled, AuthExpired):
                del self._days[client_id]  # it is not there for certain
                raise
            venue_id = safe(answer)
            self._tags[venue_id] = client_id
            view = self._after(OrderRef(client_id, venue_id, instrument))
            if view is None:
                return Ack(client_id, venue_id, self._clock.now())
        if view.state is OrderState.REJECTED and not view.filled_quantity:
            raise Rejected(view.code, view.sentence)
        return Ack(client_id, view.ref.venue_id or "", self._clock.now())

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel; one that has ended, or was never there, is left as it is."""
        venue_id = ref.venue_id
        if venue_id is None:
            view = self.find(ref)
            venue_id = view.ref.venue_id if view is not None else None
        if venue_id is None:
            return
        order_id = safe(venue_id)
        try:
            spoken(lambda: self._client().cancel_order(VARIETY, order_id), of_cancel)
        except Absent:
            return  # what became of it, ``find`` and ``fills`` tell

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Change prices or quantity in place; see ``Amending``. The venue allows some 25 changes an order."""
        return self._changes.change(ref, terms, self.find, lambda view: self._amend(view, terms))

    def _amend(self, view: VenueOrder, terms: Terms) -> None:
        order_id, fields = safe(view.ref.venue_id), changes_of(view, terms)
        spoken(lambda: self._client().modify_order(VARIETY, order_id, **fields), of_change)

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Scan today's order book for our tag.

        Raises
        ------
        Uncertain
            Also for an order that the venue had (it has the venue's number, or this process sent or saw it
            on an earlier day): the book drops nothing within its day, so this one is older and may have traded.
        """
        view = self._scan(ref)
        older = self._days.get(ref.client_id, self._today()) != self._today()
        if view is None and (older or ref.venue_id is not None):
            raise Uncertain(
                "kite: it shows today's orders only, and this one is older; see Zerodha's Console"
            )
        return view

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests, ours or not."""
        wanted = spelled(instruments)
        named = [(wanted.get(place_of(row)), row) for row in self._book()] if wanted else []
        views = [self._view(row, instrument) for instrument, row in named if instrument is not None]
        return [view for view in views if view.state not in ENDS.values()]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Today's executions from ``since`` on, oldest first."""
        wanted = spelled(instruments)
        rows = self._ask(lambda: self._client().trades()) if wanted else []
        found = []
        for row in rows:
            instrument, time = wanted.get(place_of(row)), moment_of(row)
            # The venue tells whole seconds: one from the second that had begun is not left out.
            if instrument is not None and time > since - _SECOND:
                found.append(self._fill(row, instrument, time))
        return sorted(found, key=lambda fill: (fill.time, fill.trade_id))

    def account(self) -> AccountState:
        """Money free for trading, and units: those of earlier days with today's trades added."""
        margins = spoken(lambda: self._client().margins("equity"), of_question)
        available = margins.get("available") if isinstance(margins, dict) else None
        positions = spoken(lambda: self._client().positions(), of_question)
        net = positions.get("net") if isinstance(positions, dict) else None
        units: dict[str, Decimal] = {}
        for row in self._ask(lambda: self._client().holdings()):
            count(units, row, decimal(row, "quantity", _NAME) + decimal(row, "t1_quantity", _NAME))
        for row in listed(net, _NAME):
            count(units, row, decimal(row, "quantity", _NAME))
        cash = {"INR": decimal(available, "live_balance", _NAME)}
        return AccountState(
            self._session.user_id, cash, {s: n for s, n in units.items() if n}, holds_back=True
        )

    def _before(self, ref: OrderRef) -> VenueOrder | None:
        """Look whether the order is there already; without that look nothing is sent."""
        sent = ref.client_id in self._days
        try:
            view = self._scan(ref)
        except (Uncertain, Throttled, AuthExpired) as error:
            if sent:
                raise Uncertain(
                    "kite: the order was sent before, and the order book cannot be read"
                ) from None
            if isinstance(error, Uncertain):
                text = "kite: not sent, since the order book could not be read first"
                raise Throttled(text, _BLIND) from None
            raise
        if view is None and sent:
            raise Uncertain("kite: the order was sent before and is not shown yet")
        return view

    def _after(self, ref: OrderRef) -> VenueOrder | None:
        """Look what the exchange made of an order that Kite has; silence says nothing."""
        try:
            return self._scan(ref)
        except BrokerError:
            return None

    def _scan(self, ref: OrderRef) -> VenueOrder | None:
        book = self._book()
        rows = [row for row in book if tag_of(row) == ref.client_id]
        if len(rows) > 1:
            rows = [row for row in rows if row.get("order_id") == ref.venue_id]
            if len(rows) != 1:
                raise Uncertain("kite: several orders carry this tag")
        if not rows and ref.venue_id is not None:
            rows = [row for row in book if row.get("order_id") == ref.venue_id]
        if not rows:
            return None
        if elsewhere(rows[0], ref.instrument):
            raise Uncertain("kite: the order of this tag is in another share")
        view = self._view(rows[0], ref.instrument)
        if view.ref.client_id != ref.client_id:
            raise Uncertain("kite: the order of this number carries another tag")
        return view

    def _view(self, row: Any, instrument: Instrument) -> VenueOrder:
        view = view_of(row, instrument)
        self._tags[str(view.ref.venue_id)] = view.ref.client_id
        if OURS.fullmatch(view.ref.client_id):
            self._days.setdefault(view.ref.client_id, self._today())
        return view

    def _fill(self, row: Any, instrument: Instrument, time: datetime) -> Fill:
        side = SIDES.get(text(row, "transaction_type", _NAME))
        if side is None:
            raise Uncertain("kite: an execution is neither a buy nor a sale")
        order_id = safe(row.get("order_id"))
        # The exchange counts trades anew each day and for each of its machines.
        trade_id = f"{time.astimezone(INDIA):%Y%m%d}-{order_id}-{safe(row.get('trade_id'))}"
        return Fill(
            venue=_NAME,
            trade_id=trade_id,
            client_order_id=self._owner(order_id, time),
            symbol=instrument.symbol,
            side=side,
            quantity=decimal(row, "quantity", _NAME),
            price=decimal(row, "average_price", _NAME),
            fee=Decimal(0),
            time=time,
        )

    def _owner(self, order_id: str, time: datetime) -> str:
        """Return the client id of an order; executions name the venue's id only."""
        if order_id not in self._tags:
            for row in self._book():
                venue_id = safe(row.get("order_id"))
                self._tags[venue_id] = client_id_of(row, venue_id)
        if order_id not in self._tags and self._clock.now() - time < _SHOWN:
            # It may be ours: without its name it would be taken for somebody else's.
            raise Uncertain("kite: the order book does not show the order of an execution yet")
        return self._tags.get(order_id, f"kite-{order_id}")

    def _today(self) -> date:
        return self._clock.now().astimezone(INDIA).date()

    def _book(self) -> list[Any]:
        return self._ask(lambda: self._client().orders())

    def _ask(self, call: Callable[[], Any]) -> list[Any]:
        """Return the rows of an answer."""
        rows = listed(spoken(call, of_question), _NAME)
        if not all(isinstance(row, dict) for row in rows):
            raise Uncertain("kite: the answer had an unexpected shape")
        return rows

    def _client(self) -> Any:
        """Make the client at the first use after a login."""
        if self._vendor is None:
            session = self._session
            self._vendor = kite_client(session.api_key, session.access_token, self._prepare)
        return self._vendor
