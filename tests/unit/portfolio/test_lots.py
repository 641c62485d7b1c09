"""Tax lots: by hand for both methods, and against the books over everything that may happen."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from unit.portfolio.folding import ACCOUNT, T0, Script
from unit.portfolio.test_sums import BINANCE, BOTH, MOVES, Naive, book

from marketpulse.portfolio import Books, LotBook
from marketpulse.portfolio.codec import write_action
from marketpulse.types import ActionKind, CorporateAction, EventKind, LotMethod

FIFO, AVERAGE = LotMethod.FIFO, LotMethod.AVERAGE
HERE = (ACCOUNT,)


def day(number):
    return T0 + timedelta(days=number)


def three_trades():
    script = Script().trade("buy", 10, 100, fee=1, time=day(1)).trade("buy", 10, 120, fee=2, time=day(2))
    return script.trade("sell", 15, 130, fee=3, time=day(3))


def closed(book, accounts=HERE):
    return [(c.opened, c.quantity, c.cost, c.proceeds, c.gain) for c in reversed(list(book.closed(accounts)))]


def test_the_oldest_units_go_first():
    lots = LotBook.of(three_trades().events, FIFO)
    # the first ten cost 1001; five of the second ten cost 601; proceeds 1950 - 3, two thirds and one third
    assert closed(lots) == [
        (day(1), 10, 1001, 1298, 297),
        (day(2), 5, 601, 649, 48),
    ]
    (left,) = lots.lots(HERE)
    assert (left.opened, left.quantity, left.cost, left.currency) == (day(2), 5, 601, "USD")


def test_at_average_cost_a_part_of_all_goes():
    lots = LotBook.of(three_trades().events, AVERAGE)
    # 20 cost 2200 and 3 in fees: 15 of them 1652.25
    assert closed(lots) == [(day(1), 15, Decimal("1652.25"), 1947, Decimal("294.75"))]
    (left,) = lots.lots(HERE)
    assert (left.opened, left.quantity, left.cost) == (day(1), 5, Decimal("550.75"))
    books = Books.of(ACCOUNT, three_trades().events)
    assert lots.realized[ACCOUNT, "USD"] == books.portfolio.realized == 300
    assert lots.fees[ACCOUNT, "USD"] == Decimal("5.25")


def test_a_split_changes_units_and_no_cost():
    script = Script().trade("buy", 10, 700, time=day(1))
    action = CorporateAction("AAPL", date(2012, 6, 4), ActionKind.SPLIT, Decimal(7))
    script.add(EventKind.ACTION, "AAPL", write_action(action)).trade("sell", 35, 110, time=day(9))
    lots = LotBook.of(script.events, FIFO)
    assert closed(lots) == [(day(1), 35, 3500, 3850, 350)]
    assert [(lot.quantity, lot.cost) for lot in lots.lots(HERE)] == [(35, 3500)]


def test_units_from_elsewhere_are_lots_of_their_own_day():
    earlier = datetime.fromisoformat("2010-01-04T15:00+00:00")
    script = Script().external("opening", "AAPL", 10, 50, "USD", time=earlier)
    script.external("trade", "AAPL", -4, 60, "USD", fee=1, time=day(3)).external(
        "cash", currency="USD", cash=9
    )
    lots = LotBook.of(script.events, FIFO)
    assert closed(lots) == [(earlier, 4, 200, 239, 39)]
    assert lots.lots(HERE)[0].quantity == 6
    assert lots.lots(("other:1",)) == ()


def test_units_that_were_sold_before_they_were_bought():
    script = Script().trade("buy", 10, 100, time=day(1)).trade("sell", 15, 110, time=day(2))
    script.trade("buy", 5, 90, time=day(3))
    for method in LotMethod:
        lots = LotBook.of(script.events, method)
        assert closed(lots) == [(day(1), 10, 1000, 1100, 100), (day(2), 5, 450, 550, 100)]
        assert lots.lots(HERE) == ()


def test_a_fee_in_a_coin_that_is_held_is_units_that_went_for_nothing():
    script = Script().external("opening", "BNB/USDT", 2, 300, "USDT", account=BINANCE, time=day(0))
    script.trade("buy", 1, 100, "BTC/USDT", account=BINANCE, fee="0.5", fee_currency="BNB", time=day(1))
    lots = LotBook.of(script.events, AVERAGE)
    assert closed(lots, (BINANCE,)) == [(day(0), Decimal("0.5"), 150, 0, -150)]
    assert (lots.realized[BINANCE, "USDT"], lots.fees[BINANCE, "USDT"]) == (0, 150)
    assert [(lot.symbol, lot.quantity, lot.cost) for lot in lots.lots((BINANCE,))] == [
        ("BNB/USDT", Decimal("1.5"), 450),
        ("BTC/USDT", 1, 100),
    ]


def test_only_the_newest_are_remembered_where_that_is_asked():
    script = Script()
    for number in range(6):
        script.trade("buy", 1, 10, time=day(2 * number)).trade("sell", 1, 11, time=day(2 * number + 1))
    lots = LotBook.of(script.events, FIFO, keep=2)
    assert [c.closed for c in lots.closed(HERE)] == [day(11), day(9)]
    assert lots.realized[ACCOUNT, "USD"] == 6


@given(MOVES)
def test_both_methods_explain_the_books_to_the_last_digit(moves):
    script = Script()
    for move in moves:
        book(script, Naive(), move)
    portfolio = Books.of(BOTH, script.events).portfolio
    for method in LotMethod:
        lots = LotBook.of(script.events, method)
        gains, costs, units = defaultdict(Decimal), defaultdict(Decimal), defaultdict(Decimal)
        for row in lots.closed(BOTH):
            gains[row.currency] += row.gain
        for row in lots.lots(BOTH):
            costs[row.currency] += row.cost
            units[row.symbol] += row.quantity
        assert {s: q for s, q in units.items() if q} == {
            s: p.quantity for s, p in portfolio.positions.items() if p.quantity
        }
        before_fees = defaultdict(Decimal)
        for (_, currency), amount in lots.realized.items():
            before_fees[currency] += amount
        for currency, realized in portfolio.realized_in.items():
            if method is AVERAGE:
                assert before_fees[currency] == realized
        elsewhere = fees_elsewhere(script)
        for currency in {named for _, named in portfolio.balances}:
            assert portfolio.balance(currency) == (
                portfolio.deposits_in.get(currency, 0) + portfolio.dividends_in.get(currency, 0)
                + gains[currency] - costs[currency] - elsewhere[currency]
            )  # fmt: skip


def fees_elsewhere(script):
    """Fees that were paid in a currency that is neither the instrument's nor its coin."""
    found = defaultdict(Decimal)
    for event in script.events:
        paid = event.payload.get("fee_currency")
        symbol = event.payload.get("symbol", "")
        if paid and paid not in symbol.split("/") and paid != event.payload.get("currency"):
            found[paid] += Decimal(event.payload["fee"])
    return found
