"""The whole way: a desk is backed up while it runs, its ledger is damaged, it refuses, and is restored."""

import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from marketpulse.cli import main
from marketpulse.desk import Desk
from marketpulse.errors import ConfigError
from marketpulse.settings import load


def test_a_desk_whose_ledger_was_damaged_types_its_own_way_back(tmp_path, monkeypatch, capsys):
    data = tmp_path / "my data"
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(data))
    settings = load(
        {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(data)}, Path("/nonexistent/.env")
    )
    with Desk.open(settings) as desk:
        desk.place({"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10"}, "one")
        assert main(["backup"]) == 0
        with pytest.raises(ConfigError, match="Another desk"):
            Desk.open(settings)
    with closing(sqlite3.connect(data / "replay" / "ledger.db")) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("UPDATE event SET ref = 'x' WHERE seq = 2")
        raw.commit()
    damaged = (data / "replay" / "ledger.db").read_bytes()
    with Desk.open(settings) as desk:
        said = desk.snapshot().halt.why
        assert re.search(r"event 2 .* changed", said)
    assert (data / "replay" / "ledger.db").read_bytes() == damaged
    typed = shlex.split(re.search(r"python -m marketpulse (.*)$", said)[1])
    assert main(typed) == 0
    (aside,) = data.glob("replay-until-*")
    assert (aside / "ledger.db").read_bytes() == damaged
    with Desk.open(settings) as desk:
        assert len(desk.snapshot().orders) == 1
    capsys.readouterr()
