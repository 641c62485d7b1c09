"""The chart's indicators over REST."""

import fakes
import numpy as np

from marketpulse.features.classic import CATALOGUE, draw
from marketpulse.types import Interval


def test_the_catalogue_is_open_and_whole(door):
    found = door.client.get("/api/live/indicators").json()["indicators"]
    assert {one["name"] for one in found} == set(CATALOGUE)
    bands = next(one for one in found if one["name"] == "bollinger")
    assert bands == {
        "name": "bollinger", "words": "Bollinger bands 20, 2", "below": False, "lines": ["upper", "middle", "lower"],
        "source": "Bollinger (2001)",
    }  # fmt: skip


def test_the_lines_of_the_newest_bars(door):
    asked = {"name": ["rsi_14", "macd", "rsi_14"], "n": 30}
    body = door.client.get("/api/live/indicators/AAPL", params=asked).json()
    assert (body["symbol"], body["interval"]) == ("AAPL", "1d")
    strength, macd = body["drawings"]
    bars = fakes.bars("AAPL", Interval.DAY, 700)
    assert strength["time"] == bars.time[-30:].tolist()
    np.testing.assert_allclose(strength["lines"][0]["values"], draw(bars, ["rsi_14"])["rsi"][-30:], atol=1e-8)
    assert [line["name"] for line in macd["lines"]] == ["macd", "macd_signal", "macd_histogram"]


def test_what_is_not_known_yet_is_null(door):
    values = door.client.get(
        "/api/live/indicators/BTC-USDT", params={"name": "sma_200", "n": 1500, "interval": "1h"}
    ).json()["drawings"][0]["lines"][0]["values"]
    assert values[:199] == [None] * 199
    assert values[199] is not None


def test_what_is_not_there_is_a_problem(door):
    for path, params, status, code in (
        ("AAPL", {"name": "rsi"}, 404, "UNKNOWN_INDICATOR"),
        ("NOPE", {"name": "rsi_14"}, 404, "UNKNOWN_SYMBOL"),
        ("AAPL", {}, 422, "BAD_REQUEST"),
        ("AAPL", {"name": "rsi_14", "n": 0}, 422, "BAD_REQUEST"),
        ("AAPL", {"name": ["rsi_14"] * 13}, 422, "BAD_REQUEST"),
        ("AAPL", {"name": "rsi_14", "interval": "1m"}, 422, "BAD_REQUEST"),
    ):
        reply = door.client.get(f"/api/live/indicators/{path}", params=params)
        assert (reply.status_code, reply.json()["code"]) == (status, code), (path, params)
