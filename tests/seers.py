"""The desk with its ensemble: consensus signals, frozen ones with their outcomes, model views, a scoreboard.

The numbers hang together and are made up.
"""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import numpy as np
from fakes import CARD, NOW, SIGNALS, WALL, snapshot

from marketpulse.types import (
    ArtefactFault,
    AssetClass,
    Call,
    DriftLine,
    Edge,
    HealthPart,
    Issued,
    MemberLine,
    ModelStage,
    ModelView,
    Outcome,
    Record,
    Repaint,
    Rest,
    ScoreLine,
    Serving,
    ServingPath,
    Shadow,
    SignalStatistics,
    Vote,
)

BASE = 0.541
VERSION = "9d41c07b55aa2f10"
REASONS = (
    ("rsi_2", -0.041), ("momentum_21", 0.033), ("volume_63", 0.021), ("trend_50", -0.012), ("market_5", 0.008),
)  # fmt: skip

# member: (raw, calibrated, share of the vote, kept, skill)
_MEMBERS = {
    "base rate": (BASE, BASE, 0.0, 0.0, 0.0),
    "logistic": (0.604, 0.573, 0.41, 0.34, 0.0031),
    "boosting": (0.588, 0.566, 0.36, 0.28, 0.0024),
    "trees": (0.547, 0.549, 0.23, 0.19, 0.0011),
    "rules momentum": (0.700, 0.541, 0.0, 0.0, -0.0042),
    "lstm 1d": (None, None, 0.0, 0.0, None),
}


def votes():
    made = [
        Vote(name, calibrated, BASE, "", REASONS if weight else (), raw, weight, kept, skill)
        for name, (raw, calibrated, weight, kept, skill) in _MEMBERS.items()
    ]
    silent = "No LSTM daily has been trained: run make train-deep. The ensemble goes on without it."
    return (*made[:-1], replace(made[-1], why=silent))


def consensus(symbol, probability, call=Call.NONE, *, edge=Edge.NONE, agreed=1.0, caveats=(), **changes):
    """A signal of the ensemble about one instrument."""
    said = {
        Call.UP: f"Three members are heard, {agreed:.0%} of the weight says up, and it pays: UP.",
        Call.DOWN: f"Three members are heard, {agreed:.0%} of the weight says down, and it pays: DOWN.",
        Call.NONE: "The opinion lies too near the base rate to pay for a trade: NO SIGNAL.",
    }[call]
    return replace(
        SIGNALS["AAPL"],
        symbol=symbol,
        probability=probability,
        base_rate=BASE,
        edge=edge,
        sentence=f"Model probability of being higher in 5 trading days: {probability:.0%} (base rate 54%).",
        model="ensemble",
        model_version=VERSION,
        votes=votes(),
        call=call,
        needed=0.014,
        agreed=agreed,
        why=said,
        caveats=caveats,
        reasons=REASONS,
        feature_version="4427a77da10bf4be",
        data_hash="cd" * 32,
        served=ServingPath.ONNX.value,
        regime="rising, calm",
        **changes,
    )


SAID = MappingProxyType(
    {
        "AAPL": consensus("AAPL", 0.574, Call.UP, edge=Edge.WEAK, right=0.556, shadow=("77aa01fe22c4b9d0", 0.558)),
        "MSFT": consensus("MSFT", 0.531),
        "IBM": consensus(
            "IBM", 0.518, Call.DOWN, edge=Edge.DEGRADED, agreed=0.64,
            caveats=("The newest bar is two sessions old.", "Two features have drifted: unusual volume, RSI 2."),
        ),
        "GOOG": consensus("GOOG", BASE, agreed=0.0),
    }
)  # fmt: skip


def _outcome(rose, probability, call, moved):
    hit = 1.0 if rose else 0.0
    given, base = (probability, BASE) if rose else (1 - probability, 1 - BASE)
    sign = {Call.UP: 1, Call.DOWN: -1, Call.NONE: 0}[call]
    return Outcome(
        ended="2012-06-06",
        time=NOW - timedelta(days=7),
        rose=rose,
        brier=(probability - hit) ** 2,
        brier_base=(BASE - hit) ** 2,
        log_loss=float(-np.log(given)),
        log_loss_base=float(-np.log(base)),
        moved=moved,
        profit=sign * moved - 0.001 if sign else None,
    )


def _frozen(symbol, bar, probability, call, outcome=None, **more):
    signal = replace(consensus(symbol, probability, call), bar=bar)
    return Issued(f"signal:{symbol}:{bar}", signal, outcome, **more)


ISSUED = (
    *(Issued(f"signal:{s}:{one.bar}", one) for s, one in SAID.items()),
    _frozen("AAPL", "2012-05-30", 0.571, Call.UP, _outcome(True, 0.571, Call.UP, 0.021), checked=NOW),
    _frozen("MSFT", "2012-05-30", 0.528, Call.NONE, _outcome(False, 0.528, Call.NONE, -0.008), checked=NOW),
    _frozen(
        "IBM", "2012-05-30", 0.514, Call.DOWN, _outcome(True, 0.514, Call.DOWN, 0.012),
        repaint=Repaint(NOW, "FEATURES", "unusual volume is 0.31 now and was 0.29; the bars are the same."),
    ),
)  # fmt: skip

_LIVE = ((0.515, 0.53, 40), (0.535, 0.52, 118), (0.565, 0.56, 71), (0.59, 0.61, 23))
SCORES = SignalStatistics(
    lines=(
        ScoreLine("all", "", 252, 4, 0.2479, 0.2484, 0.6889, 0.002, -0.006, 0.011, 61, 34, 33, 0.0004, _LIVE),
        ScoreLine("model", f"ensemble {VERSION[:8]}", 180, 4, 0.2476, 0.2483, 0.6883, 0.0028, -0.007, 0.013, 61, 34, 33, 0.0004),
        ScoreLine("model", "logistic 3f9c1a77", 72, 0, 0.2487, 0.2486, 0.6905, -0.0004, -0.009, 0.008),
        ScoreLine("symbol", "AAPL", 63, 1, 0.2461, 0.2480, 0.6853, 0.0077, -0.012, 0.026, 20, 12, 11, 0.0021),
        ScoreLine("symbol", "IBM", 4, 1, 0.2466, 0.2478, 0.6861),
        ScoreLine("regime", "rising, calm", 140, 4, 0.2470, 0.2480, 0.6870, 0.004, -0.009, 0.015, 40, 24, 23, 0.0012),
        ScoreLine("regime", "falling, wild", 112, 0, 0.2490, 0.2489, 0.6913, -0.0005, -0.016, 0.013, 21, 10, 10, -0.0011),
    ),
    issued=256,
    ended=252,
    repainted=1,
    since="2012-03-05",
)  # fmt: skip

RECORD = Record(
    kind=AssetClass.EQUITY,
    why="The lower limit of the skill is below zero and luck explains the profit.",
    p_value=0.31,
    slope=0.87,
    sharpe=0.021,
    deflated=0.42,
    tried=38,
    members=(
        MemberLine("base rate", 7_920, None, 0.0, None),
        MemberLine("logistic", 7_920, 0.514, 0.0031, 0.018, 0.41, 0.34),
        MemberLine("boosting", 7_920, 0.511, 0.0024, 0.009, 0.36, 0.28),
        MemberLine("trees", 7_920, 0.507, 0.0011, -0.004, 0.23, 0.19),
        MemberLine("rules momentum", 7_920, 0.496, -0.0042, -0.031),
        MemberLine("lstm 1d", 0, None, None, None),
        MemberLine("consensus", 7_920, 0.512, -0.002, 0.021, 1.0),
    ),
    promoted=True,
    verdict="Its Brier score out of sample is 0.2489, that of the model before it 0.2491 on the same rows: promoted.",
    seconds=231.0,
    data="ee" * 32,
)

SERVINGS = (
    Serving("ensemble", ServingPath.ONNX, (), "Every member answers by its graph."),
    Serving("logistic", ServingPath.ONNX, (), "The graph answers.", 10_926, 2e-16),
    Serving("boosting", ServingPath.ONNX, (), "The graph answers.", 10_926, 7e-9),
    Serving(
        "trees", ServingPath.SKLEARN, (ArtefactFault.DIFFERS,),
        "One row of 10,926 differed by more than 1e-5, so scikit-learn answers.", 10_926, 0.0002,
    ),
)  # fmt: skip

DRIFT = (
    DriftLine("volume_63", "unusual volume", 0.31, 0.004, 126),
    DriftLine("rsi_2", "RSI 2", 0.14, 0.21, 126),
    DriftLine("trend_50", "distance to SMA 50", 0.04, None, 20),
)

HEALTH = (
    HealthPart("Serving", True, "ONNX", "ONNX or scikit-learn", "Every member that is heard answers."),
    HealthPart("Drift", False, "0.31", "under 0.25", "Unusual volume lies elsewhere than in the training."),
    HealthPart("Calibration", True, "0.87", "0.5 to 1.6", "The slope says that opinions are neither timid nor bold."),
    HealthPart("Live Brier", None, "", "CUSUM under 5", "Fewer than 126 signals have ended."),
)  # fmt: skip

SHARES = ModelView(
    kind=AssetClass.EQUITY,
    stage=ModelStage.READY,
    progress=1.0,
    note="",
    card=replace(CARD, name="ensemble", version=VERSION),
    record=RECORD,
    servings=SERVINGS,
    drift=DRIFT,
    health=HEALTH,
    rests=(Rest("trees", "open", 41.6, 12, 0.0002, 0.31, "answered after 0.31 s"),),
    shadow=Shadow(
        "77aa01fe22c4b9d0", WALL - timedelta(days=2), 21, 0.2481, 0.2479,
        "After 21 ended signals it is not better than the model that serves.",
    ),
    latency=(0.00046, 0.0021),
    due=NOW + timedelta(days=3, hours=4),
    deep=("No LSTM daily has been trained: run make train-deep. The ensemble goes on without it.",),
    meta="On 340 calls it had not seen, its Brier skill was 0.4% (95% -1.1% to 1.9%): sizes are not scaled.",
)  # fmt: skip

COINS = ModelView(
    kind=AssetClass.CRYPTO,
    stage=ModelStage.TRAINING,
    progress=0.4,
    note="Fit 12 of 30.",
    deep=("No LSTM intraday: minute bars of 3 recorded days are here, 20 are needed.",),
)


def ensemble(**changes):
    """The rich Snapshot with consensus signals, models and a scoreboard."""
    start = {
        "signals": SAID,
        "models": (SHARES, COINS),
        "issued": ISSUED,
        "scores": SCORES,
    }
    return snapshot(**(start | changes))
