"""What every Broker must do; a broker's test class gives the fixtures and inherits the cases.

The numbers are those of docs/adapters.md.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected
from marketpulse.ports import Broker, OrderRef
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
