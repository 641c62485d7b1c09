import struct
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import numpy as np
import pytest

from marketpulse.signals import feature_hash, feature_text, issue, read_text
from marketpulse.types import AssetClass, Card, Edge, Instrument, Score, Vote

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


VOTE = Vote("logistic", 0.534, 0.5395, "mainly RSI 14 +0.30", (("a", 0.3),))


def signal(instrument=AAPL, vote=VOTE, of=None, **kwargs):
    return issue(
        instrument,
        bar="2012-05-31",
        time=NOW,
        horizon=5,
        features=NUMBERS,
        vote=vote,
        card=of or card(score()),
        **kwargs,
    )


def test_the_sentence_says_probability_base_rate_and_score():
    assert signal().sentence == (
        "Model probability of being higher in 5 trading days: 53 % (base rate 54 %). "
        "Out of sample since 2003: AUC 0.51 (95 % 0.50-0.53), Brier no better than the base rate. "
        "Treat as no edge."
    )


def test_the_signal_carries_what_it_rests_on():
    found = signal()
    assert (found.symbol, found.bar, found.time, found.horizon) == ("AAPL", "2012-05-31", NOW, 5)
    assert (found.probability, found.base_rate, found.edge) == (0.534, 0.5395, Edge.NONE)
    assert (found.model, found.model_version) == ("logistic", "0123456789abcdef")
    assert found.votes == (VOTE,)
    assert found.feature_hash == feature_hash(NUMBERS)


def test_worse_than_the_base_rate_is_said():
    found = signal(of=card(score(skill_high=-0.001)))
    assert "Brier worse than the base rate. Treat as no edge." in found.sentence


def test_a_weak_edge_is_said_with_its_numbers_and_costs():
    good = score(auc=0.56, auc_low=0.53, auc_high=0.59, skill=0.0123, skill_low=0.004, skill_high=0.02)
    found = signal(of=card(good, Edge.WEAK))
    assert found.edge is Edge.WEAK
    assert found.sentence.endswith(
        "AUC 0.56 (95 % 0.53-0.59), Brier 1.2 % better than the base rate (95 % 0.4 % to 2.0 %). "
        "A weak edge, before costs."
    )


def test_no_score_is_no_edge():
    assert signal(of=card()).sentence.endswith(
        "Too little history to score it out of sample. Treat as no edge."
    )


def test_an_instrument_that_was_not_trained_on_is_said():
    found = signal(BTC)
    assert "in 5 days:" in found.sentence
    assert "BTC/USDT was not among the instruments it was trained on." in found.sentence


def test_simulated_prices_get_no_probability_whatever_the_vote():
    found = signal(BTC, simulated=True, of=card(score(), Edge.WEAK))
    assert found.sentence == "No model: these prices are simulated."
    assert found.probability is found.base_rate is None
    assert found.votes == ()
    assert found.edge is Edge.NONE
    assert found.model == ""


def test_no_model_yet():
    assert signal(vote=None).sentence == "No model yet."


def test_an_abstention_says_why_and_claims_no_edge():
    quiet = Vote("logistic", None, 0.54, "not defined yet: distance to the 252-day high")
    found = signal(vote=quiet, of=card(score(), Edge.WEAK))
    assert found.sentence == "No opinion: not defined yet: distance to the 252-day high."
    assert found.probability is None
    assert found.edge is Edge.NONE
    assert found.votes == (quiet,)


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
