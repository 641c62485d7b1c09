"""The verb ``train``: what it trains on, what it keeps for the desk, and when it refuses."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from walks import walk

from marketpulse.cli import main
from marketpulse.cli import train as room
from marketpulse.loop import tapetime
from marketpulse.models.document import decode as read_logistic
from marketpulse.models.record import decode, stored_as
from marketpulse.settings import FeedChoice, Settings
from marketpulse.storage import MarketStore
from marketpulse.storage.hold import Hold
from marketpulse.types import AssetClass, Feed, Instrument

EQUITY, CRYPTO = AssetClass.EQUITY, AssetClass.CRYPTO


@pytest.fixture
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(tmp_path))
    return tmp_path


def kept(data, feed, what, kind):
    store = MarketStore.open(data / feed / "market.db")
    try:
        return store.latest_model(stored_as(what, kind))
    finally:
        store.close()


def share(symbol, kind=EQUITY):
    steps = Decimal("0.01"), Decimal("0.0001")
    return Instrument(symbol, symbol, kind, "USD", "XNYS" if kind is EQUITY else "24/7", *steps)


@pytest.fixture
def live(data):
    """A live desk's store with two pairs of 700 days, and a share that has too few."""
    (data / "live").mkdir()
    store = MarketStore.open(data / "live" / "market.db")
    store.save_instruments([share("BTC/USDT", CRYPTO), share("ETH/USDT", CRYPTO), share("NEW")])
    for symbol, n in (("BTC/USDT", 700), ("ETH/USDT", 700), ("NEW", 200)):
        store.save_bars(raw(walk(symbol, n, len(symbol) + n, source="binance")))
    store.close()
    return data


def raw(bars):
    return type(bars)(**{name: getattr(bars, name) for name in bars.__slots__} | {"adjusted": False})


def test_where_a_desk_runs_it_says_that_this_one_trains_by_itself(data, capsys):
    hold = Hold.take(data)
    try:
        assert main(["train", "--feed", "replay"]) == 1
    finally:
        hold.release()
    said = capsys.readouterr()
    assert "already runs on" in said.err
    assert "A running desk trains by itself" in said.err
    assert "[RUNNING]" in said.err
    assert not (data / "replay").exists()


def test_a_folder_that_is_a_file_is_a_sentence(data, monkeypatch, capsys):
    (data / "file").write_text("x")
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(data / "file"))
    assert main(["train", "--feed", "replay"]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("spoil", ["a store that is none", "a file in the way"])
def test_a_folder_that_cannot_be_used_is_a_sentence(data, capsys, spoil):
    if spoil == "a file in the way":
        (data / "replay").write_text("x")
    else:
        (data / "replay").mkdir()
        (data / "replay" / "market.db").write_bytes(b"no database at all" * 100)
    assert main(["train", "--feed", "replay", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["code"] == "STORAGE"
    assert str(data / "replay") in said["message"]
    assert not (data / "desk.json").exists()


def test_a_training_that_is_broken_off_leaves_nothing(data, monkeypatch, capsys):
    class Impatient(room.Trainer):
        def wait(self, _):
            raise KeyboardInterrupt

    monkeypatch.setattr(room, "Trainer", Impatient)
    assert main(["train", "--feed", "replay"]) == 1
    assert "The training was ended; nothing of it was kept. [ENDED]" in capsys.readouterr().err
    assert list((data / "replay" / "training").iterdir()) == []
    assert kept(data, "replay", "logistic", EQUITY) is None


def test_a_live_desk_without_bars_has_nothing_to_train_on(data, capsys):
    assert main(["train", "--feed", "live", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "NOT_TRAINABLE"
    assert not (data / "desk.json").exists()


def test_left_to_itself_it_takes_what_a_live_desk_has_kept_else_the_tape(data):
    auto = Settings(feed=FeedChoice.AUTO, data_dir=data)
    assert room._feed(auto) is Feed.REPLAY
    (data / "live").mkdir()
    (data / "live" / "market.db").touch()
    assert room._feed(auto) is Feed.LIVE
    assert room._feed(Settings(feed=FeedChoice.REPLAY, data_dir=data)) is Feed.REPLAY


def test_the_tape_is_cut_where_this_replay_began(data):
    settings = Settings(data_dir=data)
    (fresh,) = room._of_the_tape(settings, data)
    assert fresh.cutoff == datetime(2012, 6, 1, tzinfo=UTC)
    assert [bars.symbol for bars in fresh.panel] == ["AAPL", "GOOG", "IBM", "MSFT"]
    assert fresh.benchmark.symbol == "^GSPC"
    began = datetime(2009, 3, 2, 14, 30, tzinfo=UTC)
    tapetime.save(data, tapetime.TapeTime(began, datetime(2012, 1, 3, tzinfo=UTC)))
    (later,) = room._of_the_tape(settings, data)
    assert later.cutoff == began
    assert max(bars.last_day().isoformat() for bars in later.panel) == "2009-02-27"


def test_stored_bars_go_by_class_and_are_cut_now(live):
    store = MarketStore.open(live / "live" / "market.db")
    now = datetime(2002, 1, 1, tzinfo=UTC)
    (found,) = room._stored(store, now)
    store.close()
    assert found.kind is CRYPTO
    assert [bars.symbol for bars in found.panel] == ["BTC/USDT", "ETH/USDT"]
    assert all(bars.last_day().isoformat() == "2001-12-31" for bars in found.panel)
    assert all(bars.adjusted for bars in found.panel)


@pytest.mark.slow
def test_a_short_history_leaves_the_logistic_model_and_a_sentence(live, capsys):
    assert main(["train"]) == 0
    said = capsys.readouterr().out
    assert "An ensemble needs 756 dates with all features; there are 448." in said
    assert "crypto   0%  Loading the training code." in said
    logistic = kept(live, "live", "logistic", CRYPTO)
    assert read_logistic(logistic).card.symbols == ("BTC/USDT", "ETH/USDT")
    assert kept(live, "live", "ensemble", CRYPTO) is None
    assert list((live / "live" / "training").iterdir()) == []


@pytest.fixture
def short_tape(monkeypatch):
    """Two made-up shares in the place of the tape, so that a training takes seconds."""
    bars = {symbol: walk(symbol, 1_150, n) for n, symbol in enumerate(("AAPL", "^GSPC"))}
    monkeypatch.setattr(room, "tape_bars", lambda start: {s: one.until(start) for s, one in bars.items()})


@pytest.mark.slow
@pytest.mark.usefixtures("short_tape")
def test_it_keeps_what_the_desk_starts_with_and_shows_the_card(data, capsys):
    assert main(["train", "--feed", "replay", "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    text = kept(data, "replay", "ensemble", EQUITY)
    trained = decode(text)
    assert model["ensemble"]["card"]["version"] == trained.card.version
    assert model["logistic"] == read_logistic(kept(data, "replay", "logistic", EQUITY)).card.version
    assert {one["model"]: one["path"] for one in model["servings"]}["ensemble"] == "ONNX"
    assert (data / "replay" / "models" / trained.card.version / "manifest.json").is_file()
    (data / "replay" / "models" / ("0" * 16)).mkdir()  # left by a training that was killed
    assert main(["train", "--feed", "replay"]) == 0
    said = capsys.readouterr().out
    assert "It is the model that serves already: the same bars gave the same numbers." in said
    assert f"ensemble {trained.card.version}, equity" in said
    assert "NO EDGE SHOWN" in said
    assert "after 11 trials" in said
    assert "consensus" in said
    assert "\x1b" not in said
    assert [p.name for p in (data / "replay" / "models").iterdir()] == [trained.card.version]
    assert kept(data, "replay", "shadow", EQUITY) is None
    assert not (data / "desk.json").exists()


def test_on_a_terminal_one_line_changes():
    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen, paper = Screen(), io.StringIO()
    for out in (screen, paper):
        room._tell(out, "equity 10%  One.")
        room._tell(out, "equity 20%  Two.")
    assert "\n" not in screen.getvalue()
    assert screen.getvalue().count("\r") == 2
    assert paper.getvalue() == "equity 10%  One.\nequity 20%  Two.\n"
