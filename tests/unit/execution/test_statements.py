"""A statement is shown first and booked only as it was shown, once."""

from decimal import Decimal

import pytest

from marketpulse.errors import Refused
from marketpulse.execution import statements
from marketpulse.types import EventKind

TEXT = "time,symbol,side,quantity,price,fee,id\n2012-05-01,AAPL,buy,10,50,1,T1\n2012-05-02,MSFT,buy,2,30,0,\n"


def test_nothing_is_written_before_yes_and_everything_after(bench):
    before = len(list(bench.ledger.read()))
    shown = bench.execution.statement(TEXT, "sim:1")
    assert (len(shown.rows), shown.committed, dict(shown.cash)) == (2, False, {"USD": -561})
    assert len(list(bench.ledger.read())) == before
    done = bench.execution.statement(TEXT, "sim:1", shown.hash)
    assert (done.committed, done.rows) == (True, shown.rows)
    assert (bench.books.held("AAPL"), bench.books.cash) == (10, Decimal(100_000) - 561)
    events = [e for e in bench.ledger.read() if e.kind is EventKind.EXTERNAL]
    assert [(e.ref, e.account) for e in events] == [("AAPL", "sim:1"), ("MSFT", "sim:1")]
    assert events[0].key == "fill:sim:T1"


def test_the_same_file_books_nothing_twice(bench):
    bench.execution.statement(TEXT, "sim:1", bench.execution.statement(TEXT, "sim:1").hash)
    again = bench.execution.statement(TEXT, "sim:1")
    assert (again.rows, again.hash, len(again.duplicates)) == ((), "", 2)
    with pytest.raises(Refused, match="Nothing in this file is new") as no:
        bench.execution.statement(TEXT, "sim:1", "0" * 16)
    assert no.value.code == "NOTHING_TO_BOOK"
    assert bench.restart().books.held("AAPL") == 10


def test_another_file_under_the_same_yes_is_refused(bench):
    shown = bench.execution.statement(TEXT, "sim:1")
    with pytest.raises(Refused, match="not what was shown") as no:
        bench.execution.statement(TEXT.replace("50", "51"), "sim:1", shown.hash)
    assert no.value.code == "CHANGED"
    assert bench.books.held("AAPL") == 0


def test_an_account_that_is_not_shown_is_refused(bench):
    with pytest.raises(Refused, match="there is sim:1") as no:
        bench.execution.statement(TEXT, "other:1")
    assert no.value.code == "UNKNOWN_ACCOUNT"


def test_what_was_booked_while_the_file_was_read_is_seen(bench, monkeypatch):
    shown, read = bench.execution.statement(TEXT, "sim:1"), statements.read_statement
    asked = []

    def meanwhile(*words):
        found = read(*words)
        asked.append(found)
        if len(asked) == 1:  # another door books the same file
            monkeypatch.setattr(statements, "read_statement", read)
            bench.execution.statement(TEXT, "sim:1", shown.hash)
            monkeypatch.setattr(statements, "read_statement", meanwhile)
        return found

    monkeypatch.setattr(statements, "read_statement", meanwhile)
    with pytest.raises(Refused, match="Nothing in this file is new"):
        bench.execution.statement(TEXT, "sim:1", shown.hash)
    assert len(asked) == 2
    assert bench.books.held("AAPL") == 10
