"""A model's health, part by part: what passes, what fails, and what cannot be told."""

from dataclasses import replace
from datetime import UTC, datetime

import fakes
import pytest

from marketpulse.models.voice import plain_card
from marketpulse.signals.cusum import LIMIT, Lately
from marketpulse.signals.health import LIVE, degraded, health
from marketpulse.types import (
    ArtefactFault,
    AssetClass,
    DriftLine,
    Edge,
    Record,
    Rest,
    Serving,
    ServingPath,
)

CARD = replace(fakes.CARD, edge=Edge.WEAK, last_bar="2012-05-25")
RECORD = Record(
    AssetClass.EQUITY, "Better than luck.", 0.01, 1.0, 0.05, 0.97, 11, (), promoted=True, verdict="", seconds=9.0, data="d"
)  # fmt: skip
GOOD = {
    "card": CARD,
    "record": RECORD,
    "drift": [DriftLine("sd_63", "deviation", 0.05, 0.5, 252)],
    "live": Lately(504, 126, 0.24, 0.25, 0.04, -0.01, 0.08, 1.0, 3.0, 504),
    "repainted": 0,
    "checked": 80,
    "servings": [Serving("boosting", ServingPath.ONNX, (), "By its graph.")],
    "rests": [Rest("boosting", "closed", 0.0, 9, 0.001, 0.002, "")],
    "now": datetime(2012, 6, 14, tzinfo=UTC),
    "retrain_days": 7.0,
}


def parts(**changed):
    return {part.name: part for part in health(**(GOOD | changed))}


def tally(parts):
    """Parts that pass, of those that can be told, in words."""
    told = [part for part in parts if part.passed is not None]
    if not told:
        return "Nothing can be told yet"
    said = f"{sum(part.passed is True for part in told)} of {len(told)} parts pass"
    waiting = len(parts) - len(told)
    return f"{said}; {waiting} cannot be told yet" if waiting else said


def test_a_well_model_passes_all_of_its_parts():
    found = health(**GOOD)
    assert [p.name for p in found] == [
        "Record", "Drift", "Live score", "Calibration", "Repaint", "Serving", "Members", "Age",
    ]  # fmt: skip
    assert all(p.passed for p in found)
    assert tally(found) == "8 of 8 parts pass"
    assert not degraded(found)


def test_nothing_can_be_told_of_nothing():
    found = health(
        **GOOD
        | {
            "card": None, "record": None, "drift": [], "live": Lately(), "checked": 0, "servings": [], "rests": [],
        }
    )  # fmt: skip
    assert all(p.passed is None for p in found)
    assert all(p.sentence.endswith(".") for p in found)
    assert tally(found) == "Nothing can be told yet"


@pytest.mark.parametrize(
    ("part", "changed", "passed", "value"),
    [
        ("Record", {"card": replace(CARD, edge=Edge.NONE)}, False, "NO EDGE SHOWN"),
        ("Record", {"record": None}, False, "WEAK EDGE"),
        ("Drift", {"drift": [DriftLine("sd_63", "", 0.4, 1e-6, 252)]}, False, "PSI 0.40"),
        ("Drift", {"drift": [DriftLine("sd_63", "", 0.4, 0.3, 252)]}, True, "PSI 0.40"),
        ("Drift", {"drift": [DriftLine("sd_63", "", 0.4, None, 40)]}, None, "PSI 0.40"),
        ("Live score", {"live": replace(GOOD["live"], sum=LIMIT + 1)}, False, "Brier 0.2400, base 0.2500, CUSUM 29.0"),
        ("Live score", {"live": replace(GOOD["live"], high=-0.001)}, False, "Brier 0.2400, base 0.2500, CUSUM 3.0"),
        ("Live score", {"live": replace(GOOD["live"], high=None)}, None, "Brier 0.2400, base 0.2500, CUSUM 3.0"),
        ("Calibration", {"live": replace(GOOD["live"], slope=0.4)}, False, "0.40"),
        ("Calibration", {"live": replace(GOOD["live"], slope=1.7)}, False, "1.70"),
        ("Calibration", {"live": replace(GOOD["live"], slope=None)}, None, ""),
        ("Repaint", {"repainted": 1}, False, "1"),
        ("Repaint", {"checked": 0}, None, ""),
        (
            "Serving",
            {"servings": [Serving("boosting", ServingPath.SKLEARN, (ArtefactFault.DIFFERS,), "It differs.")]},
            False,
            "scikit-learn",
        ),
        ("Serving", {"servings": [Serving("trees", ServingPath.SKLEARN, (), "Slowly.")]}, False, "scikit-learn"),
        ("Members", {"rests": [*GOOD["rests"], Rest("trees", "open", 60.0, 3, None, None, "x")]}, False, "1 of 2"),
        ("Age", {"now": datetime(2012, 6, 23, tzinfo=UTC)}, False, "29 days"),
        ("Age", {"now": datetime(2012, 6, 22, tzinfo=UTC)}, True, "28 days"),
    ],
)  # fmt: skip
def test_each_part_has_its_bound(part, changed, passed, value):
    found = parts(**changed)
    assert (found[part].passed, found[part].value) == (passed, value)
    assert found[part].sentence.endswith(".")
    others = [p for name, p in found.items() if name not in {part, "Calibration", "Live score"}]
    assert all(p.passed for p in others)


def test_only_the_live_score_degrades():
    bad = health(**GOOD | {"repainted": 3, "drift": [DriftLine("sd_63", "", 0.9, 1e-9, 252)], "checked": 0})
    assert not degraded(bad)
    assert degraded(health(**GOOD | {"live": replace(GOOD["live"], sum=LIMIT + 1)}))
    assert tally(bad) == "6 of 8 parts pass"
    assert LIVE == "Live score"


def test_what_cannot_be_told_is_counted_apart():
    assert tally(health(**GOOD | {"checked": 0, "record": None})) == "6 of 7 parts pass; 1 cannot be told yet"


def test_what_moved_is_named_in_words():
    slow = DriftLine("sd_63", "63-day volatility", 0.9, 1e-9, 252)
    other = DriftLine("rank_21", "rank of 21-day return", 0.4, 1e-9, 252)
    assert parts(drift=[slow])["Drift"].sentence.startswith("63-day volatility lies elsewhere than")
    assert parts(drift=[other, slow])["Drift"].sentence.startswith(
        "Rank of 21-day return and 1 more lie elsewhere"
    )
    assert parts(drift=[replace(other, p_value=0.4)])["Drift"].sentence.startswith(
        "Rank of 21-day return has moved"
    )


def test_the_base_rate_alone_has_neither_a_record_nor_an_age():
    found = parts(card=plain_card(5), record=None)
    assert [(found[name].passed, found[name].sentence) for name in ("Record", "Age")] == [
        (None, "There is no model yet."),
        (None, "There is no model yet."),
    ]
