"""The catalogue as the doors see it."""

import numpy as np
import pytest

from marketpulse.errors import Refused
from marketpulse.features.classic import CATALOGUE, draw
from marketpulse.features.offer import drawing, offers
from marketpulse.types import Bars, Interval


def walk(n=300):
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    return Bars("X", Interval.DAY, np.arange(n) * 86_400, close, close * 1.01, close * 0.99, close,
                rng.uniform(1e6, 2e6, n), "tape")  # fmt: skip


def test_everything_in_the_catalogue_is_offered_those_over_the_price_first():
    found = offers()
    assert {one.name for one in found} == set(CATALOGUE)
    below = [one.below for one in found]
    assert below == sorted(below)
    assert {one.name for one in found if one.below} >= {"rsi_14", "macd"}
    bands = next(one for one in found if one.name == "bollinger")
    assert (bands.below, bands.lines, bands.words) == (
        False,
        ("upper", "middle", "lower"),
        "Bollinger bands 20, 2",
    )


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_newest_bars_of_a_drawing_are_those_of_the_whole(name):
    bars = walk()
    drawn, whole = drawing(bars, name, 40), draw(bars, [name])
    assert drawn.time.tolist() == bars.time[-40:].tolist()
    assert set(drawn.lines) == set(CATALOGUE[name].lines)
    for line, values in drawn.lines.items():
        np.testing.assert_array_equal(values, whole[line][-40:])


def test_few_bars_give_as_many_numbers_none_of_them_known():
    drawn = drawing(walk(5), "sma_200", 40)
    assert len(drawn.time) == 5
    assert np.isnan(drawn.lines["sma_200"]).all()


def test_a_name_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(Refused) as no:
        drawing(walk(), "bolinger", 40)
    assert no.value.code == "UNKNOWN_INDICATOR"
    assert "Did you mean bollinger?" in no.value.sentence
