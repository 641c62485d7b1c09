"""``start --again`` puts a replay aside and loses nothing."""

from datetime import UTC, datetime

import pytest
from filelock import FileLock

from marketpulse.cli.starting import put_aside
from marketpulse.clock import SimClock
from marketpulse.errors import ConfigError

CLOCK = SimClock(datetime(2026, 11, 20, 9, 5, 7, tzinfo=UTC))


def test_the_replay_is_renamed_whole_and_live_stays(tmp_path):
    for feed in ("replay", "live"):
        (tmp_path / feed).mkdir()
        (tmp_path / feed / "ledger.db").write_text(feed)
    aside = put_aside(tmp_path, CLOCK)
    assert aside == tmp_path / "replay-until-20261120-090507"
    assert (aside / "ledger.db").read_text() == "replay"
    assert not (tmp_path / "replay").exists()
    assert (tmp_path / "live" / "ledger.db").read_text() == "live"


def test_without_a_replay_there_is_nothing_to_do(tmp_path):
    assert put_aside(tmp_path, CLOCK) is None


def test_a_running_desk_keeps_its_folder(tmp_path):
    (tmp_path / "replay").mkdir()
    with FileLock(tmp_path / "desk.lock"), pytest.raises(ConfigError, match="still runs"):
        put_aside(tmp_path, CLOCK)
    assert (tmp_path / "replay").is_dir()
