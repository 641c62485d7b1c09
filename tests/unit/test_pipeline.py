import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from walks import CUTOFF, TRAINED, trending_walk, walk

from marketpulse.features import FEATURES, VERSION
from marketpulse.models import Logistic
from marketpulse.models.train import train
from marketpulse.pipeline import Conduct, Playbook, decide
from marketpulse.signals import feature_hash, read_text
from marketpulse.types import AssetClass, Instrument

SYMBOLS = ("AAA", "BBB", "BTC/USDT")
MARKET = walk("^M", 1600, 99)
FRAMES = {
    "AAA": trending_walk("AAA", 1600, 0, 0.4),
    "BBB": trending_walk("BBB", 1600, 1, 0.4),
    "BTC/USDT": walk("BTC/USDT", 1600, 2, source="simulated"),
}
PLAYBOOK = Playbook(universe=("AAA", "BBB", "BTC/USDT", "NEW"))


def instrument(symbol):
    kind = AssetClass.CRYPTO if "/" in symbol else AssetClass.EQUITY
    return Instrument(symbol, symbol, kind, "USD", "24/7", Decimal("0.01"), Decimal(1))


INSTRUMENTS = {s: instrument(s) for s in (*SYMBOLS, "NEW")}


@pytest.fixture(scope="module")
def models():
    text = train([FRAMES["AAA"], FRAMES["BBB"]], MARKET, CUTOFF, source="test", trained=TRAINED)
    model = Logistic.from_json(text)
    return {AssetClass.EQUITY: (model, model.card)}


def decided(models, frames=None, now=CUTOFF, benchmark=MARKET, playbook=PLAYBOOK):
    return decide(
        playbook,
        models,
        FRAMES if frames is None else frames,
        benchmark,
        INSTRUMENTS,
        frozenset({"BTC/USDT"}),
        now,
    )


def test_the_playbooks_limits_are_the_issues():
    assert PLAYBOOK.mode is Conduct.SUGGEST
    assert PLAYBOOK.horizon == 5


def test_one_signal_for_each_instrument_with_bars_in_the_playbooks_order(models):
    found = decided(models)
    assert [s.symbol for s in found.signals] == list(SYMBOLS)
    assert {s.bar for s in found.signals} == {"2003-12-31"}  # the last day that was over at the cutoff
    assert {s.time for s in found.signals} == {CUTOFF}
    shares = found.signals[:2]
    assert all(0.0 < s.probability < 1.0 and s.model == "logistic" for s in shares)
    assert found.signals[2].sentence == "No model: these prices are simulated."


def test_the_numbers_behind_a_signal_are_handed_over(models):
    found = decided(models)
    for signal in found.signals:
        text = found.features[signal.feature_hash]
        assert json.loads(text)["version"] == VERSION
        numbers = read_text(text)
        assert tuple(numbers) == FEATURES
        assert feature_hash(list(numbers.values())) == signal.feature_hash


def test_the_vote_can_be_repeated_from_the_stored_numbers(models):
    found = decided(models)
    model, card = models[AssetClass.EQUITY]
    numbers = read_text(found.features[found.signals[0].feature_hash])
    assert model.vote([numbers[name] for name in card.features]) == found.signals[0].votes[0]


def test_the_same_arguments_give_the_same_decision(models):
    assert decided(models) == decided(models)


def test_bars_that_have_not_closed_change_nothing(models):
    def spoilt(bars):
        at = len(bars.until(CUTOFF))
        return replace(bars, close=np.where(np.arange(len(bars)) >= at, 1e9, bars.close))

    worse = {symbol: spoilt(bars) for symbol, bars in FRAMES.items()}
    assert decided(models, worse, benchmark=spoilt(MARKET)) == decided(models)


def test_a_later_bar_gives_a_new_signal(models):
    later = decided(models, now=CUTOFF + timedelta(days=1))
    assert later.signals[0].bar == "2004-01-01"
    assert later.signals[0].feature_hash != decided(models).signals[0].feature_hash


def test_without_a_model_it_says_so():
    found = decided({})
    assert [s.sentence for s in found.signals[:2]] == ["No model yet."] * 2
    assert all(s.probability is None for s in found.signals)
    assert len(found.features) == 3


def test_a_missing_benchmark_is_an_abstention(models):
    found = decided(models, benchmark=None)
    assert found.signals[0].sentence == "No opinion: not defined yet: the market's 5-day return."


def test_a_young_instrument_is_an_abstention(models):
    young = replace(FRAMES["AAA"], symbol="NEW")[1300:]
    found = decided(models, {"NEW": young})
    assert found.signals[0].probability is None
    assert "the 252-day high" in found.signals[0].sentence


def test_an_instrument_without_bars_has_no_signal(models):
    assert decided(models, {"AAA": FRAMES["AAA"][:0]}).signals == ()
    assert decided(models, now=datetime(1999, 1, 1, tzinfo=UTC)).signals == ()


@pytest.mark.parametrize("change", [{"feature_version": "other"}, {"horizon": 10}])
def test_a_model_that_speaks_of_other_numbers_is_not_asked(models, change):
    model, card = models[AssetClass.EQUITY]
    found = decided({AssetClass.EQUITY: (model, replace(card, **change))})
    assert found.signals[0].sentence == "No model yet."
