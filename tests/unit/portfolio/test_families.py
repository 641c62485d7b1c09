"""Families: what is left for exits to sell follows from the events, whatever their sequence."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from unit.execution.bench import ACCOUNT, T0

from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import (
    Booking,
    Change,
    Intent,
    write_action,
    write_booking,
    write_change,
    write_intent,
)
from marketpulse.types import (
    ActionKind,
    CorporateAction,
    Event,
    EventKind,
    Fill,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
)

PARENT = OrderRequest(
    "AAPL",
    Side.BUY,
    OrderType.MARKET,
    Decimal(100),
    stop_loss_price=Decimal(90),
    take_profit_price=Decimal(120),
)
LEG = OrderRequest("AAPL", Side.SELL, OrderType.STOP, Decimal(100), stop_price=Decimal(90))


class Story:
    """Events of one ledger."""

    def __init__(self):
        self.events = []
        self.order("p", PARENT)

    def add(self, kind, ref, payload):
        seq = len(self.events) + 1
        self.events.append(Event(seq, T0, ACCOUNT, kind, ref, payload, f"k{seq}", ""))

    def order(self, ref, request, kind=EventKind.ORDER, **kin):
        intent = Intent(f"c{ref}", request, "", Decimal(0), T0, **kin)
        reasons = {"reasons": []} if kind is EventKind.DENIED else {}
        self.add(kind, ref, {**write_intent(intent), **reasons})

    def leg(self, ref, kind=EventKind.ORDER, quantity=100):
        request = OrderRequest("AAPL", Side.SELL, OrderType.STOP, Decimal(quantity), stop_price=Decimal(90))
        self.order(ref, request, kind, parent="p", role="stop")

    def fill(self, ref, side, quantity, to=OrderState.PARTIALLY_FILLED):
        trade = f"t{len(self.events)}"
        fill = Fill("sim", trade, f"c{ref}", "AAPL", side, Decimal(quantity), Decimal(100), Decimal(0), T0)
        self.add(EventKind.FILL, ref, write_booking(Booking(fill, to)))

    def split(self, ratio):
        action = CorporateAction("AAPL", T0.date(), ActionKind.SPLIT, Decimal(ratio))
        self.add(EventKind.ACTION, "AAPL", write_action(action))

    @property
    def bracket(self):
        return Books.of(ACCOUNT, self.events).families.bracket("p")


STEPS = st.lists(
    st.tuples(st.sampled_from(["bought", "sold", "otherwise", "split"]), st.integers(1, 9)), max_size=25
)


@given(STEPS)
def test_what_is_due_is_what_was_bought_less_what_was_sold_in_todays_units(steps):
    story, due, scale, legs = Story(), Decimal(0), Decimal(1), 0
    story.leg("x0")
    for what, n in steps:
        if what == "bought":
            story.fill("p", Side.BUY, n)
            due += n
        elif what == "sold":
            story.fill("x0", Side.SELL, n)
            due = max(Decimal(0), due - n)
        elif what == "otherwise":
            legs += 1
            story.leg(f"d{legs}", EventKind.DENIED, n)
            due = max(Decimal(0), due - n)
        elif n in {2, 4, 5}:
            story.split(n)
            due, scale = due * n, scale * n
    bracket = story.bracket
    assert bracket.due == due
    assert (bracket.stop * scale, bracket.target * scale) == (90, 120)
    assert len(bracket.legs) == 1 + legs


def test_what_the_stop_leaves_is_due_once_the_target_was_reached():
    story = Story()
    oco = OrderRequest(
        "AAPL", Side.SELL, OrderType.STOP, Decimal(10), stop_price=Decimal(90), take_profit_price=Decimal(120)
    )
    story.order("o", oco)
    story.fill("o", Side.SELL, 4)
    for to, code in (("pending_cancel", "TARGET_REACHED"), ("canceled", "TARGET_REACHED")):
        story.add(EventKind.STATE, "o", write_change(Change(OrderState(to), "x", code, "x")))
    bracket = Books.of(ACCOUNT, story.events).families.bracket("o")
    assert (bracket.taken, bracket.due) == (True, 6)
    story.fill("o", Side.SELL, 1, OrderState.CANCELED)  # a late part
    assert Books.of(ACCOUNT, story.events).families.bracket("o").due == 5


def test_an_order_without_exits_has_no_family():
    story = Story()
    story.order("q", OrderRequest("AAPL", Side.BUY, OrderType.MARKET, Decimal(1)))
    assert Books.of(ACCOUNT, story.events).families.bracket("q") is None


def test_exits_are_counted_by_parent_and_role():
    story = Story()
    for n in range(3):
        story.leg(f"x{n}")
    families = Books.of(ACCOUNT, story.events).families
    assert (families.count("p", "stop"), families.count("p", "target")) == (3, 0)
    assert families.last("p", "stop").id == "x2"
    assert families.bracket("x1") is families.bracket("p")
