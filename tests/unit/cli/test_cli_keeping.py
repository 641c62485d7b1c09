"""backup, restore, verify and export: words, codes and files."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from filelock import FileLock
from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.cli.export import cell
from marketpulse.clock import WallClock
from marketpulse.storage import Ledger
from marketpulse.types import NewEvent

SCRIPT = Script().cash("1000").order("o1", "buy", "5").fill("o1", "buy", "5", "10.10", "-0.02")
SCRIPT.order("=cmd|' /C calc'!A0", "buy", "0.00000001", symbol="BTC/USDT", denied=("HALTED",))


def fill(home, script=SCRIPT):
    ledger = Ledger.open(home / "ledger.db", WallClock())
    ledger.append(*(NewEvent(e.time, e.account, e.kind, e.ref, e.payload, e.key) for e in script.events))
    ledger.close()


@pytest.fixture
def data(terminal):
    fill(terminal.folder / "replay")
    (terminal.folder / "desk.json").unlink()
    return terminal.folder


def test_backup_verify_restore_in_a_row(terminal, data):
    code, out, err = terminal.run("backup")
    assert (code, err) == (0, "")
    assert "holds 4 events; chain and books are those of the ledger." in out
    (made,) = (data / "backups").iterdir()
    assert made.name.startswith("replay-")
    code, out, _ = terminal.run("restore", str(made))
    assert code == 1
    code, out, err = terminal.run("restore", str(made), "--aside")
    assert (code, err) == (0, "")
    assert "now lies in" in out
    assert "holds 4 events again" in out
    (aside,) = data.glob("replay-until-*")
    assert (aside / "ledger.db").is_file()
    code, answer = terminal.json("verify")
    assert code == 0
    ledger = answer["ledgers"][0]
    assert (ledger["whole"], ledger["events"], ledger["first_bad"]) == (True, 4, None)
    assert ledger["books"][ACCOUNT] == {
        "cash": "949.52", "balances": {"USD": "949.52"}, "positions": {"AAPL": "5"}, "open_orders": 0,
    }  # fmt: skip


def test_the_answers_as_json(terminal, data):
    code, answer = terminal.json("backup", str(data / "b"))
    place = answer["backups"][0]["place"]
    assert (code, answer["backups"][0]["events"]) == (0, 4)
    code, answer = terminal.json("restore", place)
    assert (code, answer["code"]) == (1, "STORAGE")
    code, answer = terminal.json("restore", place, "--aside")
    assert (code, answer["events"], answer["whole"]) == (0, 4, True)
    assert "replay-until-" in answer["aside"]


def test_the_ledger_alone_into_a_file_needs_a_feed_to_come_back(terminal, data):
    assert terminal.run("backup", str(data / "copy.db"))[0] == 0
    code, answer = terminal.json("restore", str(data / "copy.db"))
    assert (code, answer["code"]) == (1, "WHICH_FEED")
    assert terminal.run("restore", str(data / "copy.db"), "--feed", "live")[0] == 0
    assert (data / "live" / "ledger.db").is_file()
    code, answer = terminal.json("backup", str(data / "both.db"))
    assert (code, answer["code"]) == (1, "WHICH_FEED")
    assert terminal.json("backup")[1]["backups"][1]["events"] == 4


def test_a_backup_is_made_and_a_restore_refused_while_a_desk_runs(terminal, data):
    with FileLock(data / "desk.lock"):
        code, answer = terminal.json("backup")
        assert code == 0
        code, refused = terminal.json("restore", answer["backups"][0]["place"], "--aside")
    assert (code, refused["code"]) == (1, "RUNNING")
    assert "stop it first" in refused["message"]


def test_a_backup_inside_the_folder_to_be_renamed_is_refused(terminal, data):
    place = terminal.json("backup", str(data / "replay"))[1]["backups"][0]["place"]
    code, answer = terminal.json("restore", place, "--aside")
    assert (code, answer["code"]) == (1, "NOT_EMPTY")


def test_verify_names_the_first_bad_event(terminal, data):
    with closing(sqlite3.connect(data / "replay" / "ledger.db")) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("UPDATE event SET ref = 'x' WHERE seq = 3")
        raw.commit()
    code, answer = terminal.json("verify")
    assert (code, answer["ledgers"][0]["first_bad"], answer["ledgers"][0]["events"]) == (1, 3, 2)
    assert answer["ledgers"][0]["books"][ACCOUNT]["cash"] == "1000.00"  # as far as the chain is whole
    code, out, _ = terminal.run("verify")
    assert code == 1
    assert "event 3 of the ledger was changed" in out
    assert terminal.json("backup")[1]["code"] == "DAMAGED"
    assert terminal.json("export", "fills", "--csv", str(data / "x.csv"))[1]["code"] == "DAMAGED"


@pytest.mark.parametrize("words", [["backup"], ["verify"], ["export", "fills", "--csv", "x.csv"]])
def test_without_a_ledger_it_is_said(terminal, words):
    code, answer = terminal.json(*words)
    assert (code, answer["code"]) == (1, "NO_LEDGER")


def test_a_missing_backup_is_said(terminal):
    code, answer = terminal.json("restore", "nowhere", "--feed", "replay")
    assert (code, answer["code"]) == (1, "NO_BACKUP")


def test_the_exported_orders_and_fills_are_exact_and_no_formula(terminal, data):
    target = data / "orders.csv"
    assert terminal.run("export", "orders", "--csv", str(target))[0] == 0
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [row["state"] for row in rows] == ["filled", "denied"]
    assert rows[1]["order_id"] == "'=cmd|' /C calc'!A0"
    assert (rows[1]["quantity"], rows[1]["reasons"]) == ("0.00000001", "HALTED: HALTED.")
    code, out, _ = terminal.run("export", "fills", "--csv", "-")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (code, row["price"], row["fee"], row["quantity"]) == (0, "10.10", "-0.02", "5")
    code, answer = terminal.json("export", "orders", "--csv", str(target))
    assert (code, answer["code"]) == (1, "EXISTS")


@pytest.mark.parametrize(("method", "costs"), [("fifo", ["10.4", "20.8"]), ("average", ["15.6", "15.6"])])
def test_tax_lots_are_exported_by_either_method(terminal, method, costs):
    script = Script().cash("1000").trade("buy", "2", "5", fee="0.4").trade("buy", "2", "10", fee="0.8")
    script.trade("sell", "2", "12", fee="1")
    fill(terminal.folder / "replay", script)
    target = terminal.folder / "lots.csv"
    assert terminal.run("export", "lots", "--csv", str(target), "--method", method)[0] == 0
    with target.open(newline="", encoding="utf-8") as file:
        closed, left = csv.DictReader(file)
    assert (closed["state"], closed["method"], left["state"], left["closed"]) == (
        "closed",
        method,
        "open",
        "",
    )
    assert (closed["quantity"], closed["proceeds"], closed["currency"]) == ("2", "23.00", "USD")
    assert [Decimal(row["cost"]) for row in (closed, left)] == [Decimal(cost) for cost in costs]
    assert Decimal(closed["gain"]) == 23 - Decimal(costs[0])


def test_the_export_reads_beside_a_running_desk(terminal, data):
    ledger = Ledger.open(data / "replay" / "ledger.db", WallClock())
    with ledger.transaction():
        code, answer = terminal.json("export", "fills", "--csv", str(data / "f.csv"))
    ledger.close()
    assert (code, answer["rows"]) == (0, 1)


def test_a_csv_that_cannot_be_written_is_said(terminal, data):
    code, answer = terminal.json("export", "fills", "--csv", str(data / "no" / "f.csv"))
    assert (code, answer["code"]) == (1, "STORAGE")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_text_that_begins_as_a_formula_is_quoted(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("number", "text"), [("-5", "-5"), ("1E-8", "0.00000001"), ("1E+3", "1000"), ("2.50", "2.50")]
)
def test_a_number_stays_a_number(number, text):
    assert cell(Decimal(number)) == text


def test_json_is_json(terminal, data):
    assert json.dumps(terminal.json("verify", str(data / "replay"))[1])
