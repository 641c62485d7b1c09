"""What a chart asks, of a whole desk on the tape."""

from pathlib import Path

import numpy as np
import pytest

from marketpulse.desk import FEATURE_WORDS, Desk
from marketpulse.errors import Refused
from marketpulse.features.classic import CATALOGUE, draw
from marketpulse.features.full import NAMES
from marketpulse.loop.charting import Charting
from marketpulse.settings import load
from marketpulse.types import Interval


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("charting")
    given = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder / "data")}
    with Desk.open(load(given, Path("/nonexistent/.env"))) as opened:
        yield opened


def test_the_desk_offers_the_whole_catalogue_and_words_for_every_feature(desk):
    assert isinstance(desk, Charting)
    assert {one.name for one in desk.indicators()} == set(CATALOGUE)
    assert set(FEATURE_WORDS) >= set(NAMES)


def test_a_closed_bar_has_the_number_that_the_history_gives(desk):
    drawn = desk.indicator("AAPL", Interval.DAY, "ema_55", 30)
    bars = desk.history("AAPL", Interval.DAY, 1_500)
    whole = draw(bars, ["ema_55"])["ema_55"]
    assert len(drawn.time) == 30
    both = np.intersect1d(drawn.time[:-1], bars.time[:-1])  # the forming bar moves between two questions
    assert len(both) >= 28
    np.testing.assert_allclose(
        drawn.lines["ema_55"][np.isin(drawn.time, both)], whole[np.isin(bars.time, both)], rtol=1e-12
    )


def test_how_many_are_shown_changes_no_number(desk):
    few, many = (desk.indicator("IBM", Interval.DAY, "kama_10", n) for n in (5, 200))
    np.testing.assert_allclose(few.lines["kama_10"][:-1], many.lines["kama_10"][-5:-1], rtol=1e-12)


@pytest.mark.parametrize(
    ("symbol", "name", "code"), [("NOPE", "rsi_14", "UNKNOWN_SYMBOL"), ("AAPL", "rsi", "UNKNOWN_INDICATOR")]
)
def test_what_is_not_there_is_refused(desk, symbol, name, code):
    with pytest.raises(Refused) as no:
        desk.indicator(symbol, Interval.DAY, name)
    assert no.value.code == code
