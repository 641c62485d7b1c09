import struct
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from math import nan

import numpy as np
import pytest
from walks import walk

from marketpulse.signals import (
    Frozen,
    abstain,
    bars_hash,
    feature_hash,
    feature_text,
    issue,
    read_seen,
    read_text,
)
from marketpulse.signals.consensus import Ballot, Consensus
from marketpulse.signals.words import SIMULATED, regime
from marketpulse.types import AssetClass, Call, Card, Edge, Instrument, Score, Vote

NOW = datetime(2012, 6, 1, 13, 30, tzinfo=UTC)
AAPL = Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
BTC = Instrument(
    "BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.01"), Decimal("0.00001")
)
NUMBERS = [0.5, -1.25, float("nan"), 3.0]


def score(**kwargs):
    numbers = {
        "n": 8674, "auc": 0.5121, "auc_low": 0.497, "auc_high": 0.5262, "brier": 0.2496, "brier_base": 0.2486,
        "skill": -0.004, "skill_low": -0.012, "skill_high": 0.001, "since": "2003-03-06",
    }  # fmt: skip
    return Score(**{**numbers, **kwargs})


def card(found=None, edge=Edge.NONE):
    return Card(
        name="logistic", version="0123456789abcdef", horizon=5, features=("a",), feature_version="v",
        symbols=("AAPL", "IBM"), first_bar="2001-02-28", last_bar="2012-05-31", rows=10_186, base_rate=0.5395,
        score=found, edge=edge, trained=NOW, source="tape",
    )  # fmt: skip


FROZEN = Frozen("2012-05-31", NOW, feature_hash(NUMBERS), "v", "d" * 64, "rising, calm")
BALLOTS = (
    Ballot("logistic", 0.56, 0.534, 0.4, 0.002, 0.6),
    Ballot("extra trees", 0.55, 0.536, 0.3, 0.001, 0.4),
    Ballot("boosting", 0.61, None, 0.0, nan, 0.0),
)


def said(call=Call.NONE, **kwargs):
    words = "0.6 points beyond the base rate and one half would not pay for a trade; 2.1 are needed."
    found = Consensus(
        call,
        0.534,
        0.5395,
        0.021,
        1.0,
        words,
        BALLOTS,
        ("The newest bar is 1 bar late.",),
        (("rsi_14", 0.3),),
    )
    return replace(found, **kwargs)


def signal(instrument=AAPL, of=None, consensus=None, **kwargs):
    return issue(instrument, FROZEN, consensus or said(), of or card(score()), **kwargs)


def test_the_sentence_says_probability_base_rate_call_and_score():
    assert signal().sentence == (
        "Model probability of being higher in 5 trading days: 53 % (base rate 54 %). "
        "NO SIGNAL: 0.6 points beyond the base rate and one half would not pay for a trade; 2.1 are needed. "
        "Out of sample since 2003: AUC 0.51 (95 % 0.50-0.53), Brier no better than the base rate. "
        "Treat as no edge."
    )


def test_the_signal_carries_what_it_rests_on():
    found = signal(served="ONNX", right=0.57, shadow=("fedcba9876543210", 0.55))
    assert (found.symbol, found.bar, found.time, found.horizon) == ("AAPL", "2012-05-31", NOW, 5)
    assert (found.probability, found.base_rate, found.edge) == (0.534, 0.5395, Edge.NONE)
    assert (found.model, found.model_version) == ("logistic", "0123456789abcdef")
    assert found.feature_hash == feature_hash(NUMBERS)
    assert (found.feature_version, found.data_hash, found.regime) == ("v", "d" * 64, "rising, calm")
    assert (found.call, found.needed, found.agreed) == (Call.NONE, 0.021, 1.0)
    assert found.caveats == ("The newest bar is 1 bar late.",)
    assert found.reasons == (("rsi_14", 0.3),)
    assert (found.served, found.right, found.shadow) == ("ONNX", 0.57, ("fedcba9876543210", 0.55))


def test_every_ballot_is_a_vote_and_one_that_is_not_heard_says_why():
    first, _, last = signal().votes
    assert first == Vote("logistic", 0.534, 0.5395, "", (), 0.56, 0.6, 0.4, 0.002)
    assert (last.probability, last.raw, last.skill) == (None, 0.61, None)
    assert last.why == "has not been scored yet"
    silent = signal(consensus=said(ballots=(Ballot("LSTM daily", None, None, 0.0, nan, 0.0),))).votes[0]
    assert silent.why == "abstains on this bar"


def test_a_cost_that_is_not_known_is_not_a_number_of_the_signal():
    assert signal(consensus=said(needed=nan)).needed is None


def test_worse_than_the_base_rate_is_said():
    found = signal(of=card(score(skill_high=-0.001)))
    assert "Brier worse than the base rate. Treat as no edge." in found.sentence


def test_a_weak_edge_is_said_with_its_numbers_and_costs():
    good = score(auc=0.56, auc_low=0.53, auc_high=0.59, skill=0.0123, skill_low=0.004, skill_high=0.02)
    found = signal(of=card(good, Edge.WEAK))
    assert found.edge is Edge.WEAK
    assert found.sentence.endswith(
        "AUC 0.56 (95 % 0.53-0.59), Brier 1.2 % better than the base rate (95 % 0.4 % to 2.0 %). "
        "A weak edge, after costs."
    )


def test_a_model_that_has_become_worse_is_said_to_be():
    assert signal(of=card(score(), Edge.DEGRADED)).sentence.endswith(
        "It has become worse than the base rate. Treat as no edge."
    )


def test_no_score_is_no_edge():
    assert signal(of=card()).sentence.endswith(
        "Too little history to score it out of sample. Treat as no edge."
    )


def test_an_instrument_that_was_not_trained_on_is_said():
    found = signal(BTC)
    assert "in 5 days:" in found.sentence
    assert "BTC/USDT was not among the instruments it was trained on." in found.sentence


def test_an_abstention_has_its_sentence_and_what_it_rests_on():
    found = abstain(BTC, FROZEN, 5, SIMULATED)
    assert found.sentence == "No model: these prices are simulated."
    assert found.probability is found.base_rate is None
    assert (found.votes, found.edge, found.call, found.model) == ((), Edge.NONE, Call.NONE, "")
    assert (found.feature_hash, found.data_hash) == (FROZEN.feature_hash, FROZEN.data_hash)


@pytest.mark.parametrize(
    ("features", "named"),
    [
        ({"trend_200": 0.0, "sd_ratio": 1.0}, "rising, calm"),
        ({"trend_200": -0.1, "sd_ratio": 1.1}, "falling, rough"),
        ({"trend_200": nan, "sd_ratio": 1.1}, ""),
        ({}, ""),
    ],
)
def test_the_regime_is_named_or_left_open(features, named):
    assert regime(features) == named


@pytest.mark.parametrize("edge", list(Edge))
@pytest.mark.parametrize("low", [-0.1, 0.1])
def test_words_that_promise_too_much_are_never_used(edge, low):
    said = signal(of=card(score(skill_low=low, skill_high=0.2), edge)).sentence.lower()
    for word in ("accura", "confiden", "will rise", "target", "health", "high probability"):
        assert word not in said


def test_the_hash_is_that_of_the_plain_bytes():
    assert feature_hash([1.5, -2.0]) == sha256(struct.pack("<2d", 1.5, -2.0)).hexdigest()


def test_every_nan_is_one_nan_and_zero_has_no_sign():
    odd = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]
    assert feature_hash([odd]) == feature_hash([float("nan")]) == feature_hash([-float("nan")])
    assert feature_hash([-0.0]) == feature_hash([0.0])
    assert feature_hash([1.0, 2.0]) != feature_hash([2.0, 1.0])


@pytest.mark.parametrize("values", [[0.1, -0.0, float("nan")], [1e300, 5e-324, 1 / 3]])
def test_the_text_gives_back_the_same_hash(values):
    text = feature_text("v1", ["a", "b", "c"], values)
    assert feature_hash(list(read_text(text).values())) == feature_hash(values)
    assert feature_text("v1", list(read_text(text)), list(read_text(text).values())) == text


def test_what_was_seen_is_kept_with_the_numbers():
    text = feature_text("v1", ["a"], [1.0], {"IBM": 20, "AAPL": 10})
    assert read_seen(text) == {"AAPL": 10, "IBM": 20}
    assert read_text(text) == {"a": 1.0}
    assert read_seen(feature_text("v1", ["a"], [1.0])) == {}


@pytest.mark.parametrize("column", ["time", "open", "high", "low", "close", "volume"])
def test_the_hash_of_bars_sees_every_column_and_no_name(column):
    bars = walk("AAA", 40, 1)
    changed = getattr(bars, column).copy()
    changed[20] += 1
    assert bars_hash(replace(bars, symbol="BBB", source="other")) == bars_hash(bars)
    assert bars_hash(replace(bars, **{column: changed})) != bars_hash(bars)
