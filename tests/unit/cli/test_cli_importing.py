"""import: what is shown, what is asked for, and the words for what is not there."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketpulse.types import RefusedRow, Side, Statement, StatementRow

ROWS = tuple(
    StatementRow(n, f"k{n}", datetime(2026, 11, 2, tzinfo=UTC), "AAPL", Side.BUY, Decimal(1), Decimal("2.50"), "USD")
    for n in range(2, 27)
)  # fmt: skip


@pytest.fixture
def file(terminal, monkeypatch):
    def statement(text, account, commit=""):
        bad = RefusedRow(9, "The quantity is missing.")
        rows = () if "nothing" in text else ROWS
        return Statement(
            account, "generic", rows, (bad,), (RefusedRow(8, "This trade is booked already."),),
            {"AAPL": Decimal(25)} if rows else {}, {}, (), "abc" if rows else "", bool(commit),
        )  # fmt: skip

    monkeypatch.setattr(terminal.desk, "statement", statement, raising=False)
    path = terminal.folder / "trades.csv"
    path.write_text("time,symbol\n")
    return path


def test_a_preview_tells_how_to_say_yes(terminal, file):
    code, out, err = terminal.run("import", str(file), "--account", "paper:desk")
    assert (code, err) == (0, "")
    assert "(generic): 25 new, 1 booked already, 1 refused." in out
    assert "and 5 more" in out
    assert "line 9: The quantity is missing." in out
    assert "This would change: 25 AAPL." in out
    assert f"import {file} --account paper:desk --commit abc" in out


def test_a_commit_is_said(terminal, file):
    code, out, _ = terminal.run("import", str(file), "--account", "paper:desk", "--commit", "abc")
    assert code == 0
    assert "25 trades are booked." in out
    code, answer = terminal.json("import", str(file), "--account", "paper:desk", "--commit", "abc")
    assert (code, answer["committed"], len(answer["rows"])) == (0, True, 25)


def test_a_file_without_one_good_line_is_refused(terminal, file):
    file.write_text("nothing")
    assert terminal.run("import", str(file), "--account", "paper:desk")[0] == 1
    assert terminal.json("import", str(file), "--account", "paper:desk")[0] == 1


def test_a_file_that_is_not_there_or_too_large_is_said(terminal, file):
    code, answer = terminal.json("import", str(file.with_name("no.csv")), "--account", "paper:desk")
    assert (code, answer["code"]) == (1, "NO_FILE")
    file.write_bytes(b"x" * 2_000_001)
    assert terminal.json("import", str(file), "--account", "a:1")[1]["code"] == "TOO_LARGE"
