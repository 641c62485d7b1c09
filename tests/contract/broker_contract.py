"""What every Broker must do; a broker's test class gives the fixtures and inherits the cases.

The numbers are those of docs/adapters.md.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected
from marketpulse.ports import Broker, OrderRef, Terms
from marketpulse.types import AssetClass, Instrument, OrderRequest, OrderState, OrderType, Side, TimeInForce

RESTS = {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
CLIENT = "MPAAAAAAAAAAAAAAAAAA"
OTHER = "MPBBBBBBBBBBBBBBBBBB"


class BrokerContract:
    """Subclass with fixtures ``clock``, ``broker``, ``instrument``, ``index``, ``away`` and ``trade``.

    ``away`` is a buy limit that cannot trade now; ``trade`` lets the venue execute what can be.
    """

    @pytest.fixture
    def market_order(self, instrument: Instrument) -> OrderRequest:
        return OrderRequest(instrument.symbol, Side.BUY, OrderType.MARKET, Decimal(10))

    @pytest.fixture
    def resting(self, instrument: Instrument, away: Decimal) -> OrderRequest:
        return OrderRequest(
            instrument.symbol, Side.BUY, OrderType.LIMIT, Decimal(10), away, None, TimeInForce.GTC
        )

    def order(self, kind: OrderType, instrument: Instrument, away: Decimal, **more: object) -> OrderRequest:
        """Build an order of a kind; whatever waits for a price waits for ``away``, which is below the market."""
        limited = kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}
        triggered = kind in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT}
        falls = kind in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}
        if kind is OrderType.TRAILING_STOP:
            more["trail_percent"] = Decimal("1.5")
        return OrderRequest(
            instrument.symbol, Side.SELL if falls else Side.BUY, kind, Decimal(10),
            away if limited else None, away if triggered else None, **more,
        )  # fmt: skip

    def refused(self, broker: Broker, instrument: Instrument, request: OrderRequest) -> str:
        """Return the code of a refusal that left nothing at the venue."""
        with pytest.raises(Rejected) as rejected:
            broker.place(CLIENT, instrument, request)
        assert rejected.value.sentence.endswith(".")
        assert broker.find(self.ref(CLIENT, instrument)) is None
        return rejected.value.code

    def ref(self, client_id: str, instrument: Instrument, venue_id: str | None = None) -> OrderRef:
        return OrderRef(client_id, venue_id, instrument)

    def test_b1_declares_name_and_capabilities(self, broker: Broker, instrument: Instrument):
        assert broker.name
        assert broker.name == broker.name.lower()
        declared = broker.capabilities
        assert instrument.asset_class in declared.asset_classes
        assert AssetClass.INDEX not in declared.asset_classes
        assert OrderType.MARKET in declared.types
        assert declared.grace >= 0
        assert isinstance(declared.live, bool)

    def test_b2_an_accepted_order_is_found_by_our_id(
        self, broker: Broker, instrument: Instrument, resting: OrderRequest
    ):
        ack = broker.place(CLIENT, instrument, resting)
        assert ack.client_id == CLIENT
        assert ack.venue_id
        assert ack.time.tzinfo is not None
        view = broker.find(self.ref(CLIENT, instrument))
        assert view is not None
        assert (view.ref.client_id, view.ref.venue_id) == (CLIENT, ack.venue_id)
        assert view.state in RESTS
        assert (view.quantity, view.filled_quantity) == (10, 0)

    def test_b3_the_same_client_id_is_never_a_second_order(
        self, broker: Broker, instrument: Instrument, resting: OrderRequest
    ):
        first = broker.place(CLIENT, instrument, resting)
        again = broker.place(CLIENT, instrument, resting)
        assert again.venue_id == first.venue_id
        assert len(broker.open_orders([instrument])) == 1

    def test_b4_an_order_it_does_not_have_is_none(self, broker: Broker, instrument: Instrument):
        assert broker.find(self.ref(CLIENT, instrument)) is None

    def test_b5_open_orders_lists_what_rests_of_the_instruments_asked_for(
        self, broker: Broker, instrument: Instrument, index: Instrument, resting: OrderRequest
    ):
        assert list(broker.open_orders([instrument])) == []
        for client in (CLIENT, OTHER):
            broker.place(client, instrument, resting)
        assert {v.ref.client_id for v in broker.open_orders([instrument])} == {CLIENT, OTHER}
        assert list(broker.open_orders([index])) == []

    def test_b6_a_canceled_order_is_found_canceled_and_rests_no_more(
        self, broker: Broker, instrument: Instrument, resting: OrderRequest, trade: Callable[[], None]
    ):
        ack = broker.place(CLIENT, instrument, resting)
        broker.cancel(self.ref(CLIENT, instrument, ack.venue_id))
        trade()
        view = broker.find(self.ref(CLIENT, instrument))
        assert view is not None
        assert view.state is OrderState.CANCELED
        assert list(broker.open_orders([instrument])) == []

    def test_b7_canceling_what_is_not_there_does_nothing_or_is_rejected(
        self, broker: Broker, instrument: Instrument
    ):
        try:
            broker.cancel(self.ref(CLIENT, instrument))
        except Rejected as error:
            assert error.code  # noqa: PT017  allowed, not required
        assert broker.find(self.ref(CLIENT, instrument)) is None

    def test_b8_an_execution_says_what_whose_and_when(
        self, broker: Broker, clock: SimClock, instrument: Instrument,
        market_order: OrderRequest, trade: Callable[[], None],
    ):  # fmt: skip
        before = clock.now()
        broker.place(CLIENT, instrument, market_order)
        trade()
        fills = broker.fills(before, [instrument])
        assert sum(f.quantity for f in fills) == market_order.quantity
        assert len({f.trade_id for f in fills}) == len(fills)
        for fill in fills:
            assert (fill.venue, fill.client_order_id) == (broker.name, CLIENT)
            assert (fill.symbol, fill.side) == (instrument.symbol, Side.BUY)
            assert fill.price % instrument.tick == 0
            assert fill.quantity % instrument.lot == 0
            assert fill.price > 0
            assert fill.fee.is_finite()
            assert before <= fill.time <= clock.now()

    def test_b9_executions_are_listed_again_and_never_twice(
        self, broker: Broker, clock: SimClock, instrument: Instrument,
        market_order: OrderRequest, trade: Callable[[], None],
    ):  # fmt: skip
        before = clock.now()
        broker.place(CLIENT, instrument, market_order)
        trade()
        first = list(broker.fills(before, [instrument]))
        trade()
        assert list(broker.fills(before, [instrument])) == first

    def test_b10_executions_before_the_moment_asked_for_are_left_out(
        self, broker: Broker, clock: SimClock, instrument: Instrument,
        market_order: OrderRequest, trade: Callable[[], None],
    ):  # fmt: skip
        broker.place(CLIENT, instrument, market_order)
        trade()
        assert list(broker.fills(clock.now() + timedelta(seconds=1), [instrument])) == []
        assert list(broker.fills(clock.now() - timedelta(days=1), [])) == []

    def test_b11_a_filled_order_is_found_filled_and_rests_no_more(
        self, broker: Broker, instrument: Instrument, market_order: OrderRequest, trade: Callable[[], None]
    ):
        broker.place(CLIENT, instrument, market_order)
        trade()
        view = broker.find(self.ref(CLIENT, instrument))
        assert view is not None
        assert (view.state, view.filled_quantity) == (OrderState.FILLED, market_order.quantity)
        assert list(broker.open_orders([instrument])) == []

    def test_b12_a_cancel_after_the_fill_leaves_it_filled(
        self, broker: Broker, instrument: Instrument, market_order: OrderRequest, trade: Callable[[], None]
    ):
        ack = broker.place(CLIENT, instrument, market_order)
        trade()
        try:
            broker.cancel(self.ref(CLIENT, instrument, ack.venue_id))
        except Rejected as error:
            assert error.code  # noqa: PT017  allowed, not required
        view = broker.find(self.ref(CLIENT, instrument))
        assert view is not None
        assert view.state is OrderState.FILLED

    def test_b13_what_it_cannot_trade_is_rejected_with_code_and_sentence(
        self, broker: Broker, index: Instrument
    ):
        request = OrderRequest(index.symbol, Side.BUY, OrderType.MARKET, Decimal(1))
        with pytest.raises(Rejected) as rejected:
            broker.place(CLIENT, index, request)
        assert rejected.value.code.isupper()
        assert rejected.value.sentence.endswith(".")
        assert broker.find(self.ref(CLIENT, index)) is None

    def test_b14_the_account_is_told_in_decimals(self, broker: Broker):
        account = broker.account()
        assert account.account_id
        assert all(isinstance(amount, Decimal) for amount in account.cash.values())
        assert all(isinstance(units, Decimal) for units in account.positions.values())

    def test_b15_declares_times_in_force_and_whether_it_amends(self, broker: Broker):
        declared = broker.capabilities
        assert declared.forces
        assert declared.forces <= frozenset(TimeInForce)
        assert TimeInForce.DAY in declared.forces
        assert isinstance(declared.post_only, bool)
        assert isinstance(declared.amends, bool)

    def test_b16_what_rests_is_shown_with_its_side_kind_and_prices(
        self, broker: Broker, instrument: Instrument, resting: OrderRequest, away: Decimal
    ):
        broker.place(CLIENT, instrument, resting)
        found = broker.find(self.ref(CLIENT, instrument))
        (listed,) = broker.open_orders([instrument])
        for view in (found, listed):
            assert view is not None
            assert (view.side, view.type) == (Side.BUY, OrderType.LIMIT)
            assert (view.limit_price, view.stop_price) == (away, None)

    @pytest.mark.parametrize("kind", OrderType)
    def test_b17_each_kind_is_shown_as_itself_or_refused_by_name(
        self, broker: Broker, instrument: Instrument, away: Decimal, kind: OrderType
    ):
        request = self.order(kind, instrument, away)
        if kind not in broker.capabilities.types:
            assert self.refused(broker, instrument, request) == "TYPE_NOT_OFFERED"
            return
        assert broker.place(CLIENT, instrument, request).venue_id
        view = broker.find(self.ref(CLIENT, instrument))
        assert view is not None
        assert (view.side, view.type, view.quantity) == (request.side, kind, request.quantity)
        assert view.limit_price == request.limit_price
        assert view.stop_price == request.stop_price or kind is OrderType.TRAILING_STOP

    @pytest.mark.parametrize("force", TimeInForce)
    def test_b18_each_time_in_force_is_taken_or_refused_by_name(
        self, broker: Broker, clock: SimClock, instrument: Instrument, away: Decimal, force: TimeInForce
    ):
        till = clock.now() + timedelta(days=1) if force is TimeInForce.GTD else None
        request = self.order(OrderType.LIMIT, instrument, away, time_in_force=force, good_till=till)
        if force not in broker.capabilities.forces:
            assert self.refused(broker, instrument, request) == "TIME_IN_FORCE"
            return
        assert broker.place(CLIENT, instrument, request).venue_id
        assert broker.find(self.ref(CLIENT, instrument)) is not None

    def test_b19_an_order_that_must_rest_is_taken_or_refused_by_name(
        self, broker: Broker, instrument: Instrument, away: Decimal
    ):
        request = self.order(OrderType.LIMIT, instrument, away, post_only=True)
        if not broker.capabilities.post_only:
            assert self.refused(broker, instrument, request) == "POST_ONLY"
            return
        assert broker.place(CLIENT, instrument, request).venue_id
        assert len(broker.open_orders([instrument])) == 1

    def test_b20_a_changed_order_is_found_under_its_names_with_the_new_terms(
        self, broker: Broker, instrument: Instrument, resting: OrderRequest, away: Decimal
    ):
        ack = broker.place(CLIENT, instrument, resting)
        ref, lower = self.ref(CLIENT, instrument, ack.venue_id), away - instrument.tick
        if broker.capabilities.amends:
            again = broker.replace(ref, Terms(limit_price=lower))
            assert (again.client_id, again.venue_id) == (CLIENT, ack.venue_id)
            broker.replace(ref, Terms(quantity=Decimal(9)))
            expected = (lower, 9)
        else:
            with pytest.raises(Rejected) as rejected:
                broker.replace(ref, Terms(limit_price=lower))
            assert rejected.value.code == "NOT_OFFERED"
            expected = (away, 10)
        (view,) = broker.open_orders([instrument])
        assert (view.ref.client_id, view.ref.venue_id) == (CLIENT, ack.venue_id)
        assert (view.limit_price, view.quantity) == expected

    def test_b21_what_is_not_there_is_not_changed(
        self, broker: Broker, instrument: Instrument, away: Decimal, resting: OrderRequest
    ):
        with pytest.raises(Rejected) as rejected:
            broker.replace(self.ref(CLIENT, instrument), Terms(limit_price=away))
        assert rejected.value.code.isupper()
        ack = broker.place(CLIENT, instrument, resting)
        broker.cancel(self.ref(CLIENT, instrument, ack.venue_id))
        with pytest.raises(Rejected):
            broker.replace(self.ref(CLIENT, instrument, ack.venue_id), Terms(quantity=Decimal(9)))
        view = broker.find(self.ref(CLIENT, instrument, ack.venue_id))
        assert view is not None
        assert view.quantity == 10

    def test_b22_an_execution_names_the_currency_of_its_fee(
        self, broker: Broker, clock: SimClock, instrument: Instrument,
        market_order: OrderRequest, trade: Callable[[], None],
    ):  # fmt: skip
        before = clock.now()
        broker.place(CLIENT, instrument, market_order)
        trade()
        fills = broker.fills(before, [instrument])
        assert fills
        for fill in fills:
            assert fill.fee_currency == fill.fee_currency.strip().upper()
            assert fill.maker is not True  # a market order takes

    def test_b23_the_account_has_one_name_that_can_be_typed(self, broker: Broker):
        name = broker.account().account_id
        assert name == broker.account().account_id
        assert name.isprintable()
        assert name == name.strip()
