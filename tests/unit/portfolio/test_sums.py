"""Several accounts and currencies: by hand, and against a second bookkeeping that keeps whole fractions."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.portfolio.folding import Script

from marketpulse.portfolio import Books, put_in
from marketpulse.portfolio.codec import Paid, write_action
from marketpulse.types import ActionKind, CorporateAction, EventKind

BINANCE, KITE = "binance:1", "kite:2"
BOTH = (BINANCE, KITE)


def act(script, kind, value, symbol, account, *, paid=None):
    action = CorporateAction(symbol, date(2012, 6, 4), ActionKind(kind), Decimal(value))
    return script.add(EventKind.ACTION, symbol, write_action(action, paid), account=account)


def test_two_accounts_are_shown_together_and_asked_one_by_one():
    script = Script().cash(1000, "USDT", BINANCE).cash(50_000, "INR", KITE).cash(7, "USD", "other:9")
    script.trade("buy", "0.5", 1000, "BTC/USDT", account=BINANCE, fee="0.5")
    script.trade("buy", 10, 1500, "INFY", account=KITE, currency="INR", fee=20)
    script.trade("sell", 4, 1600, "INFY", account=KITE, currency="INR", fee=10)
    books = Books.of(BOTH, script.events)
    portfolio = books.portfolio
    assert (books.account, books.accounts, portfolio.account) == (BINANCE, BOTH, BINANCE)
    assert dict(portfolio.balances) == {
        (BINANCE, "USDT"): Decimal("499.5"),
        (KITE, "INR"): 50_000 - 15_000 - 20 + 6400 - 10,
    }
    assert (portfolio.cash, books.cash, books.balance("USDT"), books.balance("USDT", KITE)) == (
        0, 0, Decimal("499.5"), 0,
    )  # fmt: skip
    assert portfolio.balance("INR") == portfolio.balance("INR", KITE) == 41_370
    assert dict(portfolio.realized_in) == {"USDT": 0, "INR": 400}
    assert dict(portfolio.fees_in) == {"USDT": Decimal("0.5"), "INR": 30}
    assert dict(portfolio.deposits_in) == {"USDT": 1000, "INR": 50_000}
    assert [(p.quantity, p.average_price, p.currency) for p in portfolio.positions.values()] == [
        (Decimal("0.5"), 1000, "USDT"),
        (6, 1500, "INR"),
    ]
    assert (books.held("INFY"), books.held("INFY", KITE), books.held("INFY", BINANCE)) == (6, 6, 0)
    assert dict(books.units(BINANCE)) == {"BTC/USDT": Decimal("0.5")}


def test_one_instrument_in_two_accounts_is_one_position():
    script = Script().trade("buy", 1, 100, account="a:1").trade("buy", 3, 200, account="b:2")
    script.trade("sell", 1, 300, account="b:2")
    books = Books.of(("a:1", "b:2"), script.events)
    position = books.portfolio.positions["AAPL"]
    # 100 and two of the three that cost 200 each are left; one sold at 300 earned 100
    assert (position.quantity, position.realized) == (3, 100)
    assert position.average_price.quantize(Decimal("1e-9")) == Decimal("166.666666667")
    assert (books.held("AAPL", "a:1"), books.held("AAPL", "b:2")) == (1, 2)


def test_working_sells_of_one_account():
    script = Script().order("a", "sell", 10, limit="5")
    books = Books.of(("paper:1", "paper:2"), script.events)
    assert (books.working_sells("AAPL"), books.working_sells("AAPL", "paper:2")) == (10, 0)


@pytest.mark.parametrize(("account", "held"), [("paper:1", "USD"), ("binance:1", "USDT")])
def test_on_paper_a_usdt_is_a_dollar_and_elsewhere_it_is_itself(account, held):
    script = Script().cash(1000, held, account)
    script.trade("buy", 1, 100, "BTC/USDT", account=account, fee=1, fee_currency="USDT")
    portfolio = Books.of(account, script.events).portfolio
    assert dict(portfolio.balances) == {(account, held): 899}
    assert portfolio.positions["BTC/USDT"].currency == held
    assert dict(portfolio.fees_in) == {held: 1}


def test_a_fee_in_the_coin_itself_leaves_the_position_at_the_trades_price():
    script = Script().cash(1000, "USDT", BINANCE)
    script.trade("buy", 1, 100, "BTC/USDT", account=BINANCE)
    script.trade("buy", 1, 200, "BTC/USDT", account=BINANCE, fee="0.01", fee_currency="BTC")
    books = Books.of(BINANCE, script.events)
    position = books.portfolio.positions["BTC/USDT"]
    # 300 left the account for 1.99 coins; the hundredth was worth 2, and nothing was earned
    assert (position.quantity, position.realized) == (Decimal("1.99"), 0)
    assert position.average_price == Decimal("149.748743718593")
    assert books.balance("USDT") == 700
    assert dict(books.portfolio.fees_in) == {"USDT": 2}
    assert books.orders["o3"].fees == 2
    assert books.orders["o3"].filled_quantity == 1


def test_a_fee_in_a_third_currency_leaves_that_balance():
    script = Script().cash(1000, "USDT", BINANCE).cash(1, "BNB", BINANCE)
    script.trade("buy", 1, 100, "BTC/USDT", account=BINANCE, fee="0.002", fee_currency="BNB")
    books = Books.of(BINANCE, script.events)
    assert (books.balance("BNB"), books.balance("USDT")) == (Decimal("0.998"), 900)
    assert dict(books.portfolio.fees_in) == {"USDT": 0, "BNB": Decimal("0.002")}
    assert books.orders["o2"].fees == 0


def test_a_fee_in_a_coin_that_is_held_leaves_that_position_at_its_cost():
    script = (
        Script().cash(1000, "USDT", BINANCE).external("opening", "BNB/USDT", 2, 300, "USDT", account=BINANCE)
    )
    script.trade("buy", 1, 100, "BTC/USDT", account=BINANCE, fee="0.5", fee_currency="BNB")
    books = Books.of(BINANCE, script.events)
    position = books.portfolio.positions["BNB/USDT"]
    assert (position.quantity, position.average_price, position.realized) == (Decimal("1.5"), 300, 0)
    assert dict(books.portfolio.balances) == {(BINANCE, "USDT"): 900}
    assert dict(books.portfolio.fees_in) == {"USDT": 150}
    script.trade("buy", 1, 100, "BTC/USDT", account=BINANCE, fee="1.6", fee_currency="BNB")
    books = Books.of(BINANCE, script.events)
    assert (books.held("BNB/USDT"), books.portfolio.fees_in["USDT"]) == (Decimal("-0.1"), 600)


def test_adopted_units_are_put_in_at_their_price_and_cash_is_counted_as_paid_in():
    script = Script().external("opening", "AAPL", 10, 150, "USD", account="alpaca:1")
    script.external("opening", currency="USD", cash=500, account="alpaca:1")
    script.trade("sell", 4, 160, account="alpaca:1")
    portfolio = Books.of("alpaca:1", script.events).portfolio
    assert (portfolio.cash, portfolio.deposits, portfolio.realized) == (1140, 2000, 40)
    assert portfolio.held("AAPL") == 6


def test_a_trade_made_elsewhere_moves_cash_against_units():
    script = Script().cash(1000, "USDT", BINANCE)
    script.external("trade", "ETH/USDT", 2, 100, "USDT", fee="0.5", fee_currency="USDT", account=BINANCE)
    script.external("trade", "ETH/USDT", -1, 120, "USDT", fee="0.001", fee_currency="BNB", account=BINANCE)
    script.external("cash", currency="USDT", cash=-50, fee=1, account=BINANCE)
    portfolio = Books.of(BINANCE, script.events).portfolio
    assert dict(portfolio.balances) == {
        (BINANCE, "USDT"): Decimal("868.5"),
        (BINANCE, "BNB"): Decimal("-0.001"),
    }
    assert (portfolio.realized_in["USDT"], portfolio.deposits_in["USDT"]) == (20, 950)
    assert portfolio.fees_in["USDT"] == Decimal("1.5")


def test_a_dividend_pays_what_its_event_says_and_a_split_is_of_one_account():
    script = Script().trade("buy", 10, 700, account="a:1").trade("buy", 10, 700, account="b:2")
    act(script, "split", 7, "AAPL", "a:1")
    act(script, "dividend", "0.5", "AAPL", "a:1", paid=Paid(Decimal(70), Decimal(35), "USD"))
    act(script, "dividend", "0.5", "AAPL", "b:2")
    books = Books.of(("a:1", "b:2"), script.events)
    assert (books.held("AAPL", "a:1"), books.held("AAPL", "b:2")) == (70, 10)
    assert books.cash == -14_000 + 35
    assert dict(books.portfolio.dividends_in) == {"USD": 35}


def test_the_fills_other_prices_are_what_the_balance_would_differ_by():
    script = Script().cash(1000, account="paper:1")
    script.trade("buy", 10, 50, account="paper:1", optimistic=Decimal("49.9"), pessimistic=Decimal("50.3"))
    script.trade("sell", 4, 60, account="paper:1", optimistic=Decimal(61), pessimistic=Decimal("59.5"))
    script.trade("buy", 1, 10, "INFY", account="paper:1", currency="INR")
    portfolio = Books.of("paper:1", script.events).portfolio
    assert dict(portfolio.worse_in) == {"USD": Decimal("-5.0"), "INR": 0}
    assert dict(portfolio.better_in) == {"USD": Decimal("5.0"), "INR": 0}
    plain = Books.of("paper:1", Script().trade("buy", 1, 1).events).portfolio
    assert plain.worse_in == plain.better_in == {}


def test_what_an_event_put_in():
    script = Script().cash(5, "USDT").external("opening", "AAPL", 10, 150, "USD", cash=2)
    script.external("trade", "AAPL", 10, 150, "USD").external("cash", currency="USDT", cash=-4)
    found = [put_in(event, {"USDT": "USD"}) for event in script.events]
    assert found == [("USD", 5), ("USD", 1502), ("USD", 0), ("USD", -4)]
    assert put_in(script.events[-1], {}) == ("USDT", -4)


class Naive:
    """A second bookkeeping: whole fractions, and every rule said as plainly as can be."""

    def __init__(self):
        self.cash, self.units = defaultdict(Fraction), defaultdict(Fraction)
        self.fees, self.put_in, self.dividends = (defaultdict(Fraction) for _ in range(3))

    def trade(self, account, symbol, quote, numbers, fee_currency):
        signed, price, fee = numbers
        self.cash[account, quote] -= signed * price
        self.units[account, symbol] += signed
        if fee_currency == symbol.split("/")[0]:
            self.units[account, symbol] -= fee
            self.fees[quote] += fee * price
        else:
            self.cash[account, fee_currency or quote] -= fee
            self.fees[fee_currency or quote] += fee


AMOUNT = st.integers(1, 10**11).map(lambda n: Decimal(n).scaleb(-8))
FEE = st.integers(-(10**3), 10**6).map(lambda n: Decimal(n).scaleb(-8))
MARKETS = [("BTC/USDT", "USDT", ["", "USDT", "BTC", "BNB"]), ("ETH/BTC", "BTC", ["", "ETH", "USDT"]),
           ("INFY", "INR", ["", "INR"]), ("AAPL", "USD", [""])]  # fmt: skip
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "trade", "opening", "cash", "split", "dividend"]),
        st.sampled_from(BOTH),
        st.sampled_from(MARKETS),
        st.sampled_from(["buy", "sell"]),
        AMOUNT,
        AMOUNT,
        FEE,
        st.integers(0, 3),
    ),
    max_size=25,
)


def book(script, naive, move):
    kind, account, (symbol, quote, coins), side, quantity, price, fee, pick = move
    signed = quantity if side == "buy" else -quantity
    paid_in = coins[pick % len(coins)]
    exact = (Fraction(signed), Fraction(price), Fraction(fee))
    if kind == "fill":
        script.trade(
            side, quantity, price, symbol, account=account, currency=quote, fee=fee, fee_currency=paid_in
        )
        naive.trade(account, symbol, quote, exact, paid_in)
    elif kind == "trade":
        script.external(kind, symbol, signed, price, quote, fee=fee, fee_currency=paid_in, account=account)
        naive.trade(account, symbol, quote, exact, paid_in)
    elif kind == "opening":
        script.external(kind, symbol, signed, price, quote, account=account)
        naive.units[account, symbol] += exact[0]
        naive.put_in[quote] += exact[0] * exact[1]
    elif kind == "cash":
        script.external(kind, currency=quote, cash=signed, account=account)
        naive.cash[account, quote] += exact[0]
        naive.put_in[quote] += exact[0]
    elif kind == "split":
        act(script, kind, pick + 1, symbol, account)
        naive.units[account, symbol] *= pick + 1
    else:
        act(script, kind, 1, symbol, account, paid=Paid(quantity, price, quote))
        naive.cash[account, quote] += exact[1]
        naive.dividends[quote] += exact[1]


@given(MOVES)
def test_every_sum_equals_a_second_bookkeeping_to_the_last_digit(moves):
    script, naive = Script(), Naive()
    for move in moves:
        book(script, naive, move)
    books = Books.of(BOTH, script.events)
    portfolio = books.portfolio
    assert {k: Fraction(v) for k, v in portfolio.balances.items() if v} == {
        k: v for k, v in naive.cash.items() if v
    }
    for account in BOTH:
        assert {s: Fraction(q) for s, q in books.units(account).items()} == {
            s: q for (owner, s), q in naive.units.items() if owner == account and q
        }
    for mine, theirs in (
        (portfolio.fees_in, naive.fees),
        (portfolio.deposits_in, naive.put_in),
        (portfolio.dividends_in, naive.dividends),
    ):
        assert {k: Fraction(v) for k, v in mine.items() if v} == {k: v for k, v in theirs.items() if v}
    costs = defaultdict(Fraction)
    for holding, _ in books._sums._places.values():
        costs[holding.currency] += Fraction(holding.cost)
    for currency in {named for _, named in portfolio.balances}:  # P&L explains the cash to the last digit
        assert Fraction(portfolio.balance(currency)) == (
            naive.put_in[currency] - naive.fees[currency] + naive.dividends[currency]
            + Fraction(portfolio.realized_in.get(currency, 0)) - costs[currency]
        )  # fmt: skip
