"""A bad setting costs one sentence, never the start."""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from marketpulse.settings import FeedChoice, environment_name, load, read_routes

NOWHERE = Path("/nonexistent/.env")


def test_nothing_set_gives_the_defaults_and_no_problem():
    loaded = load({}, NOWHERE)
    assert loaded.problems == ()
    assert loaded.settings.feed is FeedChoice.AUTO
    assert loaded.settings.replay_start == date(2012, 6, 1)
    assert loaded.settings.starting_cash == Decimal(100_000)
    assert loaded.settings.data_dir == Path("data")
    assert not loaded.settings.has_broker_key


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MARKETPULSE_FEED", "lvie"),
        ("MARKETPULSE_REPLAY_START", "1st of June"),
        ("MARKETPULSE_REPLAY_SPEED", "0"),
        ("MARKETPULSE_REPLAY_SPEED", "nan"),
        ("MARKETPULSE_REPLAY_SPEED", "inf"),
        ("MARKETPULSE_STARTING_CASH", "-5"),
        ("MARKETPULSE_STARTING_CASH", "NaN"),
        ("MARKETPULSE_STARTING_CASH", "lots"),
        ("MARKETPULSE_LIVE", "maybe"),
        ("MARKETPULSE_SANDBOX", "2"),
        ("MARKETPULSE_DEMAND_STOPS", "often"),
        ("MARKETPULSE_ORDERS_PER_MINUTE", "0"),
        ("MARKETPULSE_ORDERS_PER_MINUTE", "a few"),
        ("MARKETPULSE_DAILY_LOSS", "3"),
        ("MARKETPULSE_DAILY_LOSS", "nan"),
        ("MARKETPULSE_BASE_CURRENCY", "dollars"),
    ],
)
def test_a_bad_value_becomes_one_sentence_and_the_default(name, text):
    loaded = load({name: text}, NOWHERE)
    assert loaded.settings == load({}, NOWHERE).settings
    assert len(loaded.problems) == 1
    assert name in loaded.problems[0]


def test_one_bad_value_leaves_the_others():
    loaded = load({"MARKETPULSE_FEED": "nope", "MARKETPULSE_STARTING_CASH": "2500.5"}, NOWHERE)
    assert loaded.settings.starting_cash == Decimal("2500.50")
    assert len(loaded.problems) == 1


def test_an_unknown_name_gets_the_nearest():
    (problem,) = load({"MARKETPULSE_FED": "replay"}, NOWHERE).problems
    assert "Did you mean MARKETPULSE_FEED?" in problem


def test_the_file_is_read_with_bom_crlf_quotes_and_the_environment_wins(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfMARKETPULSE_FEED='replay' \r\nMARKETPULSE_STARTING_CASH=7\r\n\r\n")
    file.chmod(0o600)
    loaded = load({"MARKETPULSE_STARTING_CASH": "9"}, file)
    assert loaded.problems == ()
    assert loaded.settings.feed is FeedChoice.REPLAY
    assert loaded.settings.starting_cash == Decimal(9)


def test_a_file_of_garbage_costs_one_sentence(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00garbage")
    file.chmod(0o600)
    loaded = load({}, file)
    assert len(loaded.problems) == 1
    assert "could not be read" in loaded.problems[0]


@pytest.mark.skipif(os.name != "posix", reason="file modes mean nothing elsewhere")
def test_a_world_readable_file_is_said(tmp_path):
    file = tmp_path / ".env"
    file.write_text("MARKETPULSE_FEED=replay\n")
    file.chmod(0o644)
    assert any("chmod 600" in p for p in load({}, file).problems)


def test_an_empty_value_means_the_default():
    loaded = load({"MARKETPULSE_FEED": "", "BINANCE_API_KEY": ""}, NOWHERE)
    assert loaded.problems == ()
    assert not loaded.settings.has_broker_key


def test_a_key_is_kept_out_of_every_text():
    value = "k" * 12
    settings = load({"BINANCE_API_KEY": value}, NOWHERE).settings
    assert settings.has_broker_key
    assert settings.secrets() == (value,)
    assert value not in repr(settings) + str(settings) + settings.model_dump_json()


def test_keys_keep_their_vendors_names():
    assert environment_name("feed") == "MARKETPULSE_FEED"
    assert environment_name("kite_api_secret") == "KITE_API_SECRET"


def test_nothing_set_is_all_paper_and_nothing_is_allowed():
    settings = load({}, NOWHERE).settings
    assert settings.venues == {}
    assert (settings.live, settings.sandbox, settings.demand_stops) == (False, False, False)
    assert (settings.orders_per_minute, settings.daily_loss, settings.base_currency) == (30, 0.03, "USD")


def test_the_routes_and_their_neighbours_are_read():
    given = {
        "MARKETPULSE_ROUTES": " Equity = Alpaca,crypto=bybit,nse=kite,",
        "MARKETPULSE_LIVE": "1",
        "MARKETPULSE_SANDBOX": "1",
        "MARKETPULSE_BASE_CURRENCY": "inr",
    }
    loaded = load(given, NOWHERE)
    assert loaded.problems == ()
    assert loaded.settings.venues == {"equity": "alpaca", "crypto": "bybit", "nse": "kite"}
    assert loaded.settings.live
    assert loaded.settings.sandbox
    assert loaded.settings.base_currency == "INR"


@pytest.mark.parametrize(
    ("text", "venues", "sentence"),
    [
        ("equity=alpcaa,crypto=binance", {"crypto": "binance"}, "did you mean alpaca?"),
        ("equity=binance", {}, "binance does not trade equity, only alpaca or paper does"),
        ("shares=alpaca", {}, "shares is not one of equity, crypto, nse"),
        ("crypto=binance,crypto=bybit", {"crypto": "binance"}, "crypto is routed twice"),
        ("equity", {}, "what stands there does not trade equity"),
        ("equity=alpaca,crypto=paper", {"equity": "alpaca"}, "crypto cannot be traded"),
    ],
)
def test_each_wrong_route_costs_one_sentence_and_the_others_hold(text, venues, sentence):
    loaded = load({"MARKETPULSE_ROUTES": text}, NOWHERE)
    assert loaded.settings.venues == venues
    assert len(loaded.problems) == 1
    assert sentence in loaded.problems[0]


def test_all_paper_by_name_is_all_paper():
    assert read_routes("equity=paper,crypto=paper,nse=paper") == ({}, ())
