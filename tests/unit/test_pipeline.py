import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from walks import CUTOFF, spoilt, trending_walk, walk

from marketpulse.features.full import NAMES, VERSION
from marketpulse.features.scene import History
from marketpulse.pipeline import Conduct, Playbook, Voices, decide, recompute
from marketpulse.signals import feature_hash, read_seen, read_text
from marketpulse.signals.consensus import Ballot, Circumstances, agree
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Call,
    Card,
    CorporateAction,
    Edge,
    Instrument,
)

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


def card(**kwargs):
    told = {
        "name": "ensemble", "version": "v1", "horizon": 5, "features": NAMES, "feature_version": VERSION,
        "symbols": ("AAA", "BBB"), "first_bar": "2000-01-01", "last_bar": "2003-12-01", "rows": 2000,
        "base_rate": 0.5, "score": None, "edge": Edge.WEAK, "trained": CUTOFF, "source": "test",
    }  # fmt: skip
    return Card(**{**told, **kwargs})


class Leaning:
    """Two members that lean on momentum, and keep what they were asked."""

    served = "ONNX"

    def __init__(self, steps=1, **kwargs):
        self.card, self.steps, self.asked = card(**kwargs), steps, []

    def decide(self, rows, base, sigma, around=None):
        self.asked.append((rows, base, sigma, around))
        p = base + 0.1 * float(np.tanh(rows[-1, NAMES.index("momentum_21")]))
        ballots = [Ballot(name, p, p, 1.0, 0.01, 0.5) for name in ("one", "other")]
        return agree(ballots, base, 0.01, {}, around or Circumstances())

    def right(self, _row, said):
        return None if said.call is Call.NONE else 0.6


def decided(voices=None, frames=None, now=CUTOFF, benchmark=MARKET, playbook=PLAYBOOK, **kwargs):
    held = FRAMES if frames is None else frames
    return decide(
        playbook,
        {AssetClass.EQUITY: Voices(Leaning())} if voices is None else voices,
        {symbol: History(bars) for symbol, bars in held.items()},
        None if benchmark is None else History(benchmark),
        INSTRUMENTS,
        frozenset({"BTC/USDT"}),
        now,
        **kwargs,
    )


def test_a_playbook_suggests_unless_told_otherwise():
    assert PLAYBOOK.mode is Conduct.SUGGEST
    assert PLAYBOOK.horizon == 5


def test_one_signal_for_each_instrument_with_bars_in_the_playbooks_order():
    found = decided()
    assert [s.symbol for s in found.signals] == list(SYMBOLS)
    assert {s.bar for s in found.signals} == {"2003-12-31"}  # the last day that was over at the cutoff
    assert {s.time for s in found.signals} == {CUTOFF}
    assert all(0.0 < s.probability < 1.0 and s.model == "ensemble" for s in found.signals[:2])
    assert found.signals[2].sentence == "No model: these prices are simulated."


def test_the_numbers_behind_a_signal_are_handed_over_with_what_was_seen():
    found = decided()
    newest = 86_400 * (datetime(2003, 12, 31, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    for signal in found.signals:
        text = found.features[signal.feature_hash]
        assert json.loads(text)["version"] == VERSION == signal.feature_version
        numbers = read_text(text)
        assert tuple(numbers) == NAMES
        assert feature_hash(list(numbers.values())) == signal.feature_hash
        assert feature_hash(found.rows[signal.symbol].tolist()) == signal.feature_hash
    shares = read_seen(found.features[found.signals[0].feature_hash])
    assert shares == {"AAA": newest, "BBB": newest, "^M": newest}


def test_the_voice_is_asked_about_the_row_that_is_kept_its_base_rate_and_its_sigma():
    voice = Leaning()
    found = decided({AssetClass.EQUITY: Voices(voice)})
    rows, base, sigma, _ = voice.asked[0]
    assert rows[-1].tolist() == pytest.approx(found.rows["AAA"].tolist(), nan_ok=True)
    closes = [FRAMES[s].until(CUTOFF).close for s in ("AAA", "BBB")]
    risen = [c[257:-1] > c[252:-6] for c in closes]  # ended before the newest bar
    assert base == pytest.approx(np.mean(np.concatenate(risen)), abs=1e-12)
    moves = np.diff(np.log(closes[0][-64:]))
    assert sigma == pytest.approx(moves.std(), rel=0.02)


def test_what_is_wrong_around_a_signal_is_told_to_the_voice_and_held_against_it():
    found = decided(around={"AAA": Circumstances(late=2)})
    assert found.signals[0].caveats[0] == "The newest bar is 2 bars late."
    assert not any("late" in caveat for caveat in found.signals[1].caveats)


def test_a_voice_that_looks_back_gets_as_many_rows_the_newest_as_if_alone():
    voice = Leaning(steps=32)
    found = decided({AssetClass.EQUITY: Voices(voice)})
    assert voice.asked[0][0].shape == (32, len(NAMES))
    assert found.rows["AAA"].tolist() == pytest.approx(decided().rows["AAA"].tolist(), rel=1e-6, nan_ok=True)


def test_one_on_trial_is_asked_and_decides_nothing():
    alone = decided()
    trial = decided({AssetClass.EQUITY: Voices(Leaning(), Leaning(version="v2"))})
    signal = trial.signals[0]
    assert signal.shadow == ("v2", signal.probability)
    assert replace(signal, shadow=None) == alone.signals[0]


def test_the_chance_that_a_call_is_right_goes_with_a_call_only():
    for signal in decided().signals[:2]:
        assert signal.right == (None if signal.call is Call.NONE else 0.6)
    assert {s.call for s in decided().signals[:2]} - {Call.NONE}


def test_the_same_arguments_give_the_same_decision():
    first, second = decided(), decided()
    assert (first.signals, dict(first.features)) == (second.signals, dict(second.features))


def test_bars_that_have_not_closed_change_nothing():
    worse = {symbol: spoilt(bars, CUTOFF) for symbol, bars in FRAMES.items()}
    assert decided(frames=worse, benchmark=spoilt(MARKET, CUTOFF)).signals == decided().signals


def test_a_later_bar_gives_a_new_signal():
    later = decided(now=CUTOFF + timedelta(days=1))
    assert later.signals[0].bar == "2004-01-01"
    assert later.signals[0].feature_hash != decided().signals[0].feature_hash
    assert later.signals[0].data_hash != decided().signals[0].data_hash


def test_without_a_model_it_says_so():
    found = decided({})
    assert [s.sentence for s in found.signals[:2]] == ["No model yet."] * 2
    assert all(s.probability is None for s in found.signals)
    assert len(found.features) == 3


def test_a_missing_benchmark_leaves_its_features_open():
    found = decided(benchmark=None)
    assert found.signals[0].probability is not None
    assert np.isnan(found.rows["AAA"][NAMES.index("market_5")])


def test_a_young_instrument_is_an_abstention():
    young = replace(FRAMES["AAA"], symbol="NEW")[1300:]
    found = decided(frames={"NEW": young})
    assert found.signals[0].probability is None
    assert found.signals[0].sentence == "No opinion: 253 daily bars are needed."


def test_an_impossible_price_on_the_newest_bar_is_an_abstention():
    bars = FRAMES["AAA"].until(CUTOFF)
    close = bars.close.copy()
    close[-1] = -1.0
    found = decided(frames={"AAA": replace(bars, close=close), "BBB": FRAMES["BBB"]})
    assert found.signals[0].sentence == "No opinion: the newest bar has a price that cannot be."
    assert found.signals[1].probability is not None


def test_an_instrument_without_bars_has_no_signal():
    assert decided(frames={"AAA": FRAMES["AAA"][:0]}).signals == ()
    assert decided(now=datetime(1999, 1, 1, tzinfo=UTC)).signals == ()


def test_a_model_of_another_horizon_is_not_asked():
    found = decided({AssetClass.EQUITY: Voices(Leaning(horizon=10))})
    assert found.signals[0].sentence == "No model yet."


def again(signal, found, frames=FRAMES, benchmark=MARKET, voice=None):
    seen = read_seen(found.features[signal.feature_hash])
    held = {symbol: History(bars) for symbol, bars in frames.items()}
    return recompute(signal, seen, held, History(benchmark), voice)


def test_a_signal_computed_anew_years_later_gives_what_was_frozen():
    """By then there are hundreds of bars more, and one instrument's came late: it had not been seen."""
    late = {**FRAMES, "BBB": FRAMES["BBB"].until(CUTOFF - timedelta(days=1))}
    found = decided(frames=late)
    for signal in found.signals[:2]:
        there = again(signal, found, voice=Leaning())
        assert feature_hash(list(there.values)) == signal.feature_hash
        assert there.data_hash == signal.data_hash
        assert there.probability == signal.probability


def test_a_split_after_the_signal_changes_none_of_its_numbers():
    found = decided()
    signal = found.signals[0]
    plain = replace(FRAMES["AAA"], adjusted=False)
    split = CorporateAction("AAA", datetime(2004, 2, 2, tzinfo=UTC).date(), ActionKind.SPLIT, Decimal(2))
    held = {"AAA": History(plain, (split,)), "BBB": History(FRAMES["BBB"])}
    there = recompute(signal, read_seen(found.features[signal.feature_hash]), held, History(MARKET))
    assert there.data_hash == signal.data_hash
    assert feature_hash(list(there.values)) == signal.feature_hash


@pytest.mark.parametrize("whose", ["AAA", "BBB", "^M"])
def test_a_bar_that_was_changed_since_shows_in_the_hash(whose):
    found = decided()
    signal = found.signals[0]

    def touched(bars):
        close = bars.close.copy()
        close[len(bars.until(CUTOFF)) - 10] *= 1.001
        return replace(bars, close=close)

    frames = {s: touched(b) if s == whose else b for s, b in FRAMES.items()}
    there = again(signal, found, frames, touched(MARKET) if whose == "^M" else MARKET)
    assert there.data_hash != signal.data_hash


def test_a_signal_whose_bar_is_gone_cannot_be_computed_anew():
    found = decided()
    short = {**FRAMES, "AAA": FRAMES["AAA"].until(CUTOFF - timedelta(days=3))}
    assert again(found.signals[0], found, short) is None
    assert again(found.signals[0], found, {"BBB": FRAMES["BBB"]}) is None
