"""Who may send a live order: only the whole of route, key, permission, typed id and agreement."""

import itertools
from datetime import timedelta

import pytest
from unit.execution.bench import T0, buy, sell
from unit.execution.live import LiveBench, LiveVenue, shares

from marketpulse.errors import AuthExpired, Refused, Uncertain
from marketpulse.execution import Live
from marketpulse.types import Mode, OrderState


@pytest.fixture
def desk(tmp_path):
    bench = LiveBench(tmp_path)
    yield bench
    bench.ledger.close()


def code(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code


class OneSetting(LiveBench):
    """A desk of which each condition of a live order can be left out."""

    def __init__(self, folder, route, key, allowed):
        self.route, self.key = route, key
        super().__init__(folder, allowed=allowed, cash="0")

    def lives(self):
        other = Live("binance", self.binance, ("crypto",), lambda i: not shares(i), allowed=self.allowed)
        if not self.route:
            return [other]
        problem = "" if self.key else "set ALPACA_API_KEY"
        adapter = self.alpaca if self.key else None
        return [Live("alpaca", adapter, ("equity",), shares, allowed=self.allowed, problem=problem)]


WALK = list(itertools.product((True, False), (True, False), (True, False), ("A1", "A2", None), (True, False)))


@pytest.mark.parametrize("conditions", WALK)
def test_i31_only_all_conditions_together_let_an_order_out(tmp_path, conditions):
    route, key, allowed, typed, agrees = conditions
    desk = OneSetting(tmp_path, route, key, allowed)
    if not agrees:
        desk.alpaca.cash["USD"] += 5
    desk.turn().turn(5)
    if typed is not None:
        armed = route and key and allowed and typed == "A1"
        if armed:
            assert desk.execution.arm("alpaca", typed).armed
        else:
            assert code(desk.execution.arm, "alpaca", typed) in {"NOT_ARMED", "UNKNOWN_ACCOUNT"}
    desk.execution.resume("RESUME")
    expected = set()
    if not route:
        expected.add("NO_ROUTE")
    else:
        if not (key and allowed and typed == "A1"):
            expected.add("NOT_ARMED")
        if not (key and agrees):
            expected.add("NOT_RECONCILED")
    assert {check.code for check in desk.execution.preview(buy()).failed} == expected
    if expected:
        assert code(desk.place, buy()) in expected
        (denied,) = desk.books.orders.values()
        assert {reason.code for reason in denied.reasons} == expected
        assert all(reason.sentence for reason in denied.reasons)
    else:
        desk.place(buy())
    desk.turn(1).turn(1)
    assert desk.alpaca.sent == (0 if expected else 1)
    assert desk.binance.sent == 0
    desk.ledger.close()


def test_a_restart_disarms_and_what_was_not_sent_waits(desk):
    desk.ready()
    order = desk.place(buy(limit="90"))
    desk.restart().turn(1).turn(5)
    assert desk.view().reconciled
    assert not desk.view().armed
    assert desk.state(order) == "new"
    assert desk.alpaca.sent == 0
    desk.execution.arm("alpaca", "A1")
    desk.turn(1)
    assert desk.state(order) == "accepted"
    assert desk.alpaca.sent == 1


def test_nothing_new_leaves_before_the_first_comparison_but_fills_and_cancels_go_on(desk):
    desk.ready()
    resting = desk.place(buy(limit="90"), "rests")
    desk.turn(1)
    filling = desk.place(buy(2, limit="95"), "fills")
    desk.turn(1)
    desk.execution.cancel(resting.id)
    unsent = desk.place(buy(limit="80"), "unsent")
    desk.alpaca.cash["USD"] -= 7  # somebody drew money while the desk was down
    desk.restart()
    desk.alpaca.execute(filling.client_order_id, 2, "95")
    desk.turn(1).turn(5).turn(5)
    assert desk.state(filling) == "filled"
    assert desk.state(resting) == "canceled"
    assert desk.alpaca.sent == 2
    assert desk.state(unsent) in {"new", "canceled"}
    assert desk.view().difference[0].what == "USD"


def test_each_account_is_armed_by_itself(desk):
    desk.turn().turn(5)
    for view in desk.execution.accounts:
        desk.execution.adopt(view.broker, view.account_id, view.phrase)
    desk.execution.resume("RESUME")
    desk.execution.arm("binance", "B1")
    assert code(desk.place, buy()) == "NOT_ARMED"
    order = desk.place(buy("0.001", "BTC/USDT"), "coin")
    desk.turn(1)
    assert desk.state(order) == "accepted"
    assert order.account == "binance:B1"
    assert [view.armed for view in desk.execution.accounts] == [False, True]


def test_the_id_is_asked_of_the_venue_and_remembered(desk):
    assert desk.view().account == "alpaca:?"
    assert code(desk.execution.arm, "alpaca", "A1") == "NOT_ARMED"
    desk.adopted()
    assert desk.view().account == "alpaca:A1"
    assert desk.remembered["alpaca"] == "A1"
    desk.alpaca.trouble["account"].extend([Uncertain("down")] * 3)
    desk.restart().turn()
    assert desk.books.balance("USD", "alpaca:A1") == 1000
    assert not desk.view().reconciled
    assert "down" in desk.view().note
    assert code(desk.execution.arm, "alpaca", "A1") == "NOT_ARMED"


def test_a_lost_memory_costs_nothing_once_the_venue_answers(desk):
    desk.adopted()
    desk.remembered.clear()
    desk.restart().turn(1)
    assert desk.view().reconciled
    desk.same(desk.alpaca, "alpaca:A1")


def test_keys_of_another_account_open_nothing(desk):
    desk.adopted()
    desk.alpaca.account_id = "A2"
    desk.restart().turn(1).turn(5)
    assert "A2" in desk.view().note
    assert not desk.view().reconciled
    assert code(desk.execution.arm, "alpaca", "A2") == "NOT_ARMED"
    desk.restart().turn(1).turn(5)
    assert desk.view().account == "alpaca:A2"
    assert desk.view().difference


def test_what_no_live_venue_trades_is_refused_and_paper_is_not_there(desk):
    class OnlyCoins(LiveBench):
        def lives(self):
            return super().lives()[1:]

    desk.ledger.close()
    coins = OnlyCoins(desk.folder)
    coins.turn().turn(5)
    assert code(coins.place, buy()) == "NO_ROUTE"
    assert "nothing is traded on paper" in coins.execution.preview(buy()).failed[0].sentence
    coins.ledger.close()
    desk.start()


def test_an_account_that_is_not_there_is_not_armed_adopted_or_logged_in(desk):
    desk.turn().turn(5)
    assert code(desk.execution.arm, "kite", "K1") == "UNKNOWN_ACCOUNT"
    assert code(desk.execution.adopt, "alpaca", "A2", "ADOPT A1") == "UNKNOWN_ACCOUNT"
    assert code(desk.execution.login, "alpaca", "token") == "NO_LOGIN"
    for wrong in (None, 1, "a1", " A1", "A1 ", "", ["A1"]):
        assert code(desk.execution.arm, "alpaca", wrong) == "NOT_ARMED"


def test_a_venue_that_fails_in_the_middle_keeps_orders_waiting_and_says_so(desk):
    desk.ready()
    desk.alpaca.trouble["place"].append(AuthExpired("alpaca: the key was refused"))
    order = desk.place(buy(limit="90"))
    desk.turn(1)
    assert desk.state(order) == "new"
    assert "the key was refused" in desk.view().note
    assert desk.view().reconciled
    desk.turn(61).turn(1)
    assert desk.state(order) == "accepted"
    assert desk.view().note == ""


class Guarded(LiveVenue):
    """A venue that wants a login."""

    def __init__(self):
        super().__init__("kite", "K1", {"USD": "0"})
        self.login_expires = None
        self.tokens = []

    def login_url(self):
        return "https://venue.example/login"

    def log_in(self, request_token):
        self.tokens.append(request_token)
        if request_token == "wrong":  # noqa: S105  no secret
            raise AuthExpired("kite: the login was refused")
        self.login_expires = T0 + timedelta(hours=8)

    def account(self):
        if self.login_expires is None:
            raise AuthExpired("kite: nobody is logged in")
        return super().account()


def test_a_venue_with_a_daily_login_waits_for_it_and_goes_on_at_once(tmp_path):
    venue = Guarded()

    class Desk(LiveBench):
        def lives(self):
            return [Live("kite", venue, ("equity",), shares, allowed=True, login=venue)]

    desk = Desk(tmp_path)
    desk.turn().turn(1)
    assert "https://venue.example/login" in desk.view("kite").note
    assert desk.view("kite").login_expires is None
    for token in ("wrong", "", "two words", None, "x" * 300, "a/b"):
        assert code(desk.execution.login, "kite", token) == "LOGIN_FAILED"
    assert venue.tokens == ["wrong"]
    assert desk.execution.login("kite", " right1 ").login_expires == T0 + timedelta(hours=8)
    desk.turn()
    assert desk.view("kite").reconciled
    desk.ledger.close()


def test_the_view_names_what_is_missing_first(desk):
    assert "being asked whose account" in desk.view().note
    desk.turn()
    assert "being compared" in desk.view().note
    desk.turn(5)
    assert "type ADOPT A1" in desk.view().note
    desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    assert "armed" in desk.view().note
    desk.execution.arm("alpaca", "A1")
    view = desk.view()
    assert (view.note, view.mode, view.armed, view.reconciled) == ("", Mode.LIVE, True, True)
    assert view.asset_classes == ("equity",)


def test_a_denial_without_a_route_stands_in_the_ledger_under_the_first_account(desk):
    class OnlyShares(LiveBench):
        def lives(self):
            return super().lives()[:1]

    desk.ledger.close()
    shares_only = OnlyShares(desk.folder)
    shares_only.turn().turn(5)
    assert code(shares_only.place, buy("0.001", "BTC/USDT")) == "NO_ROUTE"
    (order,) = shares_only.books.orders.values()
    assert (order.state, order.account) == (OrderState.DENIED, "alpaca:A1")
    shares_only.ledger.close()
    desk.start()


def test_orders_of_two_venues_do_not_wait_for_each_other(desk):
    desk.ready()
    share = desk.place(sell(1, limit="190"), "share")
    coin = desk.place(buy("0.001", "BTC/USDT", limit="90"), "coin")
    desk.alpaca.trouble["fills"].extend([Uncertain("down")] * 20)
    desk.alpaca.trouble["place"].append(Uncertain("down"))
    desk.turn(1)
    assert desk.state(coin) == "accepted"
    assert desk.state(share) == "new"
    assert "down" in desk.view("alpaca").note
    assert desk.view("binance").note == ""
