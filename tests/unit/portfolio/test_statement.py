"""Statements: each form as its broker writes it, each bad line with its reason, and nothing that crashes."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.portfolio.folding import Script

from marketpulse.cli.export import cell, write_csv
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import write_external
from marketpulse.portfolio.statement import LARGEST, as_external, read_statement
from marketpulse.types import AssetClass, EventKind, Instrument, Side

NOW = datetime(2026, 11, 27, 20, tzinfo=UTC)


def one(symbol, currency="USD", kind=AssetClass.EQUITY):
    return Instrument(symbol, symbol, kind, currency, "XNYS", Decimal("0.01"), Decimal(1))


KNOWN = {
    i.symbol: i
    for i in (
        one("AAPL"), one("BRK-B"), one("INFY"), one("INFY.NS", "INR"), one("^GSPC", kind=AssetClass.INDEX),
        one("BTC/USDT", "USDT", AssetClass.CRYPTO), one("BNB/USDT", "USDT", AssetClass.CRYPTO),
    )
}  # fmt: skip
PLAIN = "time,symbol,side,quantity,price,fee,fee_currency,currency,id\n"


def read(text, account="binance:1", script=None, now=NOW):
    books = Books.of(account, script.events if script else ())
    return read_statement(text, account, books, KNOWN, now)


def said(found):
    return [
        (r.line, r.time.isoformat(), r.symbol, r.side, r.quantity, r.price, r.fee, r.fee_currency)
        for r in found.rows
    ]


def book(script, found):
    for row in found.rows:
        payload = write_external(as_external(row))
        script.add(EventKind.EXTERNAL, row.symbol, payload, row.key, found.account)
    return script


def test_a_plain_statement_and_what_it_would_do():
    found = read(
        PLAIN
        + '2026-11-27T15:30:00Z,btc-usdt,BUY,0.5,"1,000.25",0.5,USDT,USDT,T1\n'
        + "2026-11-27 16:30:00+01:00,BTCUSDT,sold,0.1,2000,0.0001,BNB,,\n"
    )
    assert said(found) == [
        (2, "2026-11-27T15:30:00+00:00", "BTC/USDT", Side.BUY, Decimal("0.5"), Decimal("1000.25"), Decimal("0.5"), "USDT"),
        (3, "2026-11-27T15:30:00+00:00", "BTC/USDT", Side.SELL, Decimal("0.1"), 2000, Decimal("0.0001"), "BNB"),
    ]  # fmt: skip
    assert found.kind == "generic"
    assert dict(found.units) == {"BTC/USDT": Decimal("0.4")}
    assert dict(found.cash) == {"USDT": Decimal("-300.625"), "BNB": Decimal("-0.0001")}
    assert found.rows[0].key == "fill:binance:T1"
    assert found.rows[1].key.startswith("statement:")
    assert found.refused == found.duplicates == ()
    assert len(found.hash) == 16


def test_date_and_time_in_two_columns_and_semicolons():
    found = read("Date;Time;Ticker;Action;Shares;Price\n2026-11-02;09:31:02;aapl;B;3;270.1\n", "alpaca:1")
    assert said(found) == [(2, "2026-11-02T09:31:02+00:00", "AAPL", "buy", 3, Decimal("270.1"), 0, "")]


def test_alpacas_activities():
    text = (
        "activity_type,id,transaction_time,type,price,qty,side,symbol,leaves_qty,order_id\n"
        "FILL,20261102::a-1,2026-11-02T14:30:00.123Z,fill,270.10,3,buy,AAPL,0,o1\n"
        "DIV,20261103::b-2,2026-11-03T14:30:00Z,,0.24,3,,AAPL,,\n"
    )
    found = read(text, "alpaca:PA1")
    assert found.kind == "alpaca"
    assert found.rows[0].key == "fill:alpaca:20261102::a-1"
    assert [(r.line, r.sentence) for r in found.refused] == [
        (3, '"DIV" is no trade; only trades are imported.')
    ]


def test_both_of_binances_forms_with_coins_behind_the_numbers():
    new = (
        "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
        '2026-11-02 01:02:03,BTCUSDT,BUY,"60,000.5",0.01000000BTC,600.005USDT,0.00001BTC\n'
        "2026-11-02 01:02:04,BTCUSDT,SELL,60000,0.01ETH,600USDT,0.6USDT\n"
    )
    old = (
        "Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin\n"
        "2026-11-02 01:02:03,BTCUSDT,BUY,60000.5,0.01,600.005,0.00001,BTC\n"
    )
    found, other = read(new), read(old)
    row = (2, "2026-11-02T01:02:03+00:00", "BTC/USDT", "buy", Decimal("0.01"), Decimal("60000.5"),
           Decimal("0.00001"), "BTC")  # fmt: skip
    assert said(found) == said(other) == [row]
    assert found.kind == other.kind == "binance"
    assert found.refused[0].sentence == 'The quantity is in "ETH", not in BTC.'
    assert dict(found.units) == {"BTC/USDT": Decimal("0.00999")}


def test_kites_tradebook_is_of_mumbai_and_its_ids_are_those_of_the_desk():
    text = (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
        "order_execution_time\n"
        "INFY,INE009A01021,2026-11-02,NSE,EQ,EQ,buy,false,10.000000,1500.500000,77,1100000001,2026-11-02T09:16:01\n"
    )
    found = read(text, "kite:AB1")
    assert said(found) == [(2, "2026-11-02T03:46:01+00:00", "INFY.NS", "buy", 10, Decimal("1500.5"), 0, "")]
    assert found.rows[0].key == "fill:kite:20261102-1100000001-77"
    assert dict(found.cash) == {"INR": -15_005}
    assert found.notes == ("Times without a zone were read as Asia/Kolkata.",)


def test_our_own_export_is_read_back_and_is_booked_already():
    script = Script().cash(1000, "USDT", "binance:1")
    script.trade("buy", 1, 100, "BTC/USDT", account="binance:1", fee="0.01", fee_currency="BTC", note="=1+1")
    script.trade("sell", "0.5", 110, "BTC/USDT", account="binance:1", fee="-0.02")
    books, out = Books.of("binance:1", script.events), io.StringIO()
    write_csv("fills", {"binance:1": books}, out)
    text = out.getvalue()
    assert "'=1+1" in text
    there = read(text, script=script, now=NOW)
    assert there.kind == "marketpulse"
    assert [r.sentence for r in there.duplicates] == ["This trade is booked already."] * 2
    assert (there.rows, there.hash) == ((), "")
    fresh = read(text)
    assert [(r.fee, r.fee_currency, r.trade_id) for r in fresh.rows] == [
        (Decimal("0.01"), "BTC", "o1"),
        (Decimal("-0.02"), "", "o3"),
    ]
    assert fresh.rows[0].key == "fill:v:o1"
    again = Books.of("binance:1", book(Script().cash(1000, "USDT", "binance:1"), fresh).events)
    assert again.portfolio == books.portfolio
    other = read(text, "binance:2")
    assert other.refused[0].sentence == 'It belongs to the account "binance:1".'


@pytest.mark.parametrize("text", ["=SUM(A1)", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_a_spreadsheet_would_compute_is_quoted_and_read_back(text):
    out = io.StringIO()
    csv.writer(out).writerow([cell(text)])
    assert out.getvalue().lstrip('"').startswith("'")
    found = read(PLAIN + f'2026-11-02,"{cell(text)}",buy,1,1,,,,\n')
    shown = text.strip()[:30]
    assert found.refused[0].sentence == f'"{shown}" is no instrument of this desk; the watchlist can add it.'


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-11-02,XYZ,buy,1,1,,,,", '"XYZ" is no instrument of this desk; the watchlist can add it.'),
        ("2026-11-02,^GSPC,buy,1,1,,,,", '"^GSPC" is no instrument of this desk; the watchlist can add it.'),
        ("2026-11-02,,buy,1,1,,,,", "The symbol is missing; the watchlist can add it."),
        ("2026-11-02,AAPL,hold,1,1,,,,", 'The side "hold" is neither buy nor sell.'),
        ("2026-11-02,AAPL,buy,,1,,,,", "The quantity is missing."),
        ("2026-11-02,AAPL,buy,-1,1,,,,", "Quantity and price must be above zero; side says the direction."),
        ("2026-11-02,AAPL,buy,1,0,,,,", "Quantity and price must be above zero; side says the direction."),
        ("2026-11-02,AAPL,buy,1,1,,,EUR,", 'AAPL is priced in USD here, not in "EUR".'),
        ("2026-11-02,AAPL,buy,1,1,1,$$,,", 'The fee\'s currency "$$" cannot be read.'),
        ("2026-11-02,AAPL,buy,1,1,,,,a b", 'The id "a b" cannot be read.'),
        ("1969-11-02,AAPL,buy,1,1,,,,", 'The time "1969-11-02" is before 1990 or still to come.'),
        ("2027-11-02,AAPL,buy,1,1,,,,", 'The time "2027-11-02" is before 1990 or still to come.'),
        ("2026-11-02,AAPL", "The quantity is missing."),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_with_its_number_and_a_sentence(row, why):
    found = read(PLAIN + "2026-11-02,AAPL,buy,1,1,,,,\n" + row + "\n", "alpaca:1")
    assert [(r.line, r.sentence) for r in found.refused] == [(3, why)]
    assert len(found.rows) == 1


@pytest.mark.parametrize(
    "number", ["1e5", "NaN", "Infinity", "1,2", "0x1", "\uff11", "1234567890123", "0.1234567890123", "1 000"]
)
def test_a_number_that_no_books_can_hold_is_refused(number):
    found = read(PLAIN + f'2026-11-02,AAPL,buy,"{number}",1,,,,\n', "alpaca:1")
    assert "is no number that can be booked" in found.refused[0].sentence


@pytest.mark.parametrize("text", ["", "\n", "a,b,c\n1,2,3\n", "symbol,side,quantity,price\n", "\0", '"'])
def test_without_the_columns_that_are_needed_it_says_which(text):
    found = read(text)
    assert found.kind == found.hash == ""
    assert "columns time (or date), symbol, side, quantity and price" in found.refused[0].sentence


def test_too_large_or_too_long_is_said():
    assert "larger than 2 MB" in read("x" * (LARGEST + 1)).refused[0].sentence
    found = read("time,symbol,side,quantity,price\n" + "2026-11-02,AAPL,buy,1,1\n" * 20_001, "alpaca:1")
    assert "at most 20000 lines" in found.refused[-1].sentence


def test_a_trade_with_an_id_is_booked_once_in_whatever_file():
    text = PLAIN + "2026-11-02,AAPL,buy,1,10,,,,T1\n2026-11-02,AAPL,buy,1,10,,,,T1\n"
    found = read(text, "alpaca:1")
    assert [r.sentence for r in found.duplicates] == ["This trade stands in the file twice."]
    again = read(text.replace("T1\n", "T2\n"), "alpaca:1", book(Script(), found))
    assert [row.trade_id for row in again.rows] == ["T2"]


def test_trades_without_an_id_are_booked_as_often_as_they_happened():
    text = PLAIN + "2026-11-02,AAPL,buy,1,10,,,,\n" * 3
    found = read(text, "alpaca:1")
    assert len({row.key for row in found.rows}) == 3
    again = read(text, "alpaca:1", book(Script(), found))
    assert (len(again.rows), len(again.duplicates)) == (0, 3)
    more = read(text + "2026-11-02,AAPL,buy,1,10,,,,\n", "alpaca:1", book(Script(), found))
    assert (len(more.rows), len(more.duplicates)) == (1, 3)
    assert more.rows[0].key not in {row.key for row in found.rows}


def test_a_line_without_an_id_may_be_a_fill_of_the_desk_that_has_one():
    time = datetime(2026, 11, 2, 15, 30, 0, 250_000, tzinfo=UTC)
    script = Script().trade("buy", 1, 10, account="alpaca:1", time=time)
    text = PLAIN + "2026-11-02 15:30:00,AAPL,buy,1.0,10.00,,,,\n"
    assert [r.sentence for r in read(text, "alpaca:1", script).duplicates] == [
        "This trade is booked already."
    ]


def test_selling_more_than_is_held_is_pointed_out():
    script = Script().trade("buy", 1, 10, account="alpaca:1")
    found = read(PLAIN + "2026-11-02,AAPL,sell,3,10,,,,\n", "alpaca:1", script)
    assert "AAPL would be -2 units, which is less than nothing." in found.notes


def test_a_fee_in_a_coin_that_is_held_is_shown_as_units():
    script = Script().external("opening", "BNB/USDT", 2, 300, "USDT", account="binance:1")
    found = read(PLAIN + "2026-11-02,BTC/USDT,buy,1,10,0.5,BNB,,\n", script=script)
    assert dict(found.units) == {"BTC/USDT": 1, "BNB/USDT": Decimal("-0.5")}
    assert dict(found.cash) == {"USDT": -10}


def test_the_hash_is_that_of_what_would_be_booked():
    first, other = PLAIN + "2026-11-02,AAPL,buy,1,10,,,,\n", PLAIN + "2026-11-02,AAPL,buy,1,10.1,,,,\n"
    assert read(first, "alpaca:1").hash == read(first + "\nbad line,,,\n", "alpaca:1").hash
    assert (
        len({read(first, "alpaca:1").hash, read(other, "alpaca:1").hash, read(first, "alpaca:2").hash}) == 3
    )


CELLS = ["2026-11-02", "AAPL", "BTCUSDT", "buy", "sell", "1", "10.5", "-3", "1e9", "NaN", "", "=1+1", "@x", "'=1",
         "0.5BTC", "9" * 40, "\x00", "\ud800", '"', "a\nb", ";", "\t", "T1", "USDT", "²", "٣", "2026-11-02T25:00", "+"]  # fmt: skip


def test_ten_thousand_lines_of_anything_never_crash():
    dice = random.Random(5)
    lines = 0
    while lines < 10_000:
        width = dice.randint(1, 12)
        head = dice.choice([
            PLAIN, "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n", "date;ticker;side;qty;price;fee\n",
            "symbol,trade_date,exchange,trade_type,quantity,price,trade_id,order_id,order_execution_time\n",
        ])  # fmt: skip
        text = head + "".join(
            ",".join(dice.choice(CELLS) for _ in range(width)) + dice.choice(["\n", "\r\n", "\r"])
            for _ in range(200)
        )
        found = read(text, "binance:1")
        assert len(found.rows) + len(found.refused) + len(found.duplicates) > 0
        for row in found.rows:
            assert row.quantity > 0
            assert row.price > 0
        lines += 200


@given(st.text(max_size=300))
def test_no_text_at_all_crashes(text):
    assert read(text).hash == ""
    found = read(PLAIN + text)
    assert all(r.sentence.isprintable() for r in found.refused)


def test_a_trade_of_the_next_hours_is_taken_where_the_clocks_differ():
    later = (NOW + timedelta(hours=6)).isoformat()
    assert len(read(PLAIN + f"{later},AAPL,buy,1,1,,,,\n", "alpaca:1").rows) == 1


def test_a_trade_that_was_imported_without_its_id_is_known_when_it_comes_with_one():
    plain = PLAIN + "2026-11-02,AAPL,buy,1,10,,,,\n"
    script = book(Script(), read(plain, "alpaca:1"))
    found = read(plain.replace(",,,,\n", ",,,,T1\n") + "2026-11-02,AAPL,buy,1,10,,,,T2\n", "alpaca:1", script)
    assert ([r.line for r in found.duplicates], [row.trade_id for row in found.rows]) == ([2], ["T2"])
