import json
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest
from walks import CUTOFF

from marketpulse.models import BadModel, Logistic
from marketpulse.models.document import decode
from marketpulse.models.rows import build
from marketpulse.models.train import fit


@pytest.fixture(scope="module")
def model(text):
    return Logistic.from_json(text)


@pytest.fixture(scope="module")
def rows(panel, benchmark):
    return build(panel, benchmark, CUTOFF, 5)


def resealed(text, change):
    """A forged model whose hash fits, so that the deeper checks are reached."""
    content = json.loads(text)
    del content["sha256"]
    change(content)
    card = {k: v for k, v in content["card"].items() if k not in {"trained", "version"}}
    plain = json.dumps({**content, "card": card}, sort_keys=True, separators=(",", ":"))
    content["sha256"] = sha256(plain.encode()).hexdigest()
    content["card"]["version"] = content["sha256"][:16]
    return json.dumps(content)


def test_it_gives_scikit_learns_probabilities(model, rows):
    expected = fit(rows.x, rows.y).predict_proba(rows.x)[:, 1]
    found = np.array([model.raw(x) for x in rows.x.tolist()])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_a_vote_is_shrunk_to_the_base_rate(model, rows):
    x = rows.x[7].tolist()
    vote = model.vote(x)
    base = model.card.base_rate
    assert vote.base_rate == base
    assert vote.probability == pytest.approx(base + model.shrink * (model.raw(x) - base), abs=1e-15)
    assert vote.model == model.name == "logistic"
    assert model.horizon == 5


def test_contributions_add_up_to_the_log_odds(model, rows):
    x = rows.x[7].tolist()
    vote = model.vote(x)
    intercept = decode_intercept(model)
    p = model.raw(x)
    assert intercept + sum(part for _, part in vote.contributions) == pytest.approx(np.log(p / (1 - p)))
    sizes = [abs(part) for _, part in vote.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert "is kept; mainly" in vote.why


def decode_intercept(model):
    return model._document.intercept


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_missing_feature_is_an_abstention_that_names_it(model, rows, bad):
    x = rows.x[7].tolist()
    x[2] = bad
    vote = model.vote(x)
    assert vote.probability is None
    assert vote.why == "not defined yet: RSI 14"
    assert model.vote([np.nan] * len(x)).why.endswith("and 8 more")


def test_a_row_of_another_length_is_an_abstention(model):
    vote = model.vote([0.0])
    assert vote.probability is None
    assert "1 features came" in vote.why


@pytest.mark.parametrize("size", [1e3, 1e6, 1e300])
def test_extreme_features_do_not_overflow(model, size):
    for x in ([size] * 11, [-size] * 11):
        assert 0.02 <= model.vote(x).probability <= 0.98
        assert 0.0 <= model.raw(x) <= 1.0


def test_the_version_is_the_hash_and_not_the_stamp(model, text):
    assert json.loads(text)["sha256"].startswith(model.card.version)
    stamped = text.replace("2026-03-01", "2027-01-01")
    assert Logistic.from_json(stamped).card.version == model.card.version
    assert Logistic.from_json(stamped).card.trained == datetime(2027, 1, 1, 9, tzinfo=UTC)


def test_any_changed_number_is_noticed(text):
    content = json.loads(text)
    content["coefficients"][0] += 1e-9
    with pytest.raises(BadModel, match="changed after training"):
        Logistic.from_json(json.dumps(content))


@pytest.mark.parametrize(
    "garbage",
    ["", "{", "null", "[]", '{"schema":2}', '{"schema":1}', "NaN", "[" * 100_000, '{"schema":1e999}'],
)
def test_garbage_is_refused(garbage):
    with pytest.raises(BadModel):
        Logistic.from_json(garbage)


def _set(path, value):
    def change(content):
        *way, last = path
        for key in way:
            content = content[key]
        content[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set(("intercept",), float("nan")),
        _set(("intercept",), float("inf")),
        _set(("intercept",), "0.1"),
        _set(("scales", 0), 0.0),
        _set(("scales", 0), -1.0),
        _set(("shrink",), 1.5),
        _set(("shrink",), None),
        _set(("coefficients",), [0.1]),
        _set(("card", "base_rate"), 1.0),
        _set(("card", "horizon"), 0),
        _set(("card", "feature_version"), "0123456789abcdef"),
        _set(("card", "features", 0), "insider_knowledge"),
        _set(("card", "trained"), "2026-03-01T09:00:00"),
        _set(("card", "trained"), "yesterday"),
        _set(("card", "edge"), "SURE THING"),
        _set(("card", "score"), {"n": 1}),
    ],
)
def test_a_forged_model_is_refused_even_with_a_hash_that_fits(text, change):
    with pytest.raises(BadModel):
        Logistic.from_json(resealed(text, change))


def test_the_forger_of_these_tests_can_forge(text):
    forged = Logistic.from_json(resealed(text, _set(("shrink",), 0.25)))
    assert forged.shrink == 0.25


def test_a_document_reads_back_what_was_written(text):
    document = decode(text)
    assert len(document.coefficients) == len(document.card.features)
    assert document.settings["purge"] == 5
