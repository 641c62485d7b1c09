"""What models say, and how far it may be believed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Call", "Card", "Edge", "ModelStage", "ModelStatus", "Score", "Signal", "Vote"]


class Edge(StrEnum):
    """What the out-of-sample score allows us to say; the first is the default."""

    NONE = "NO EDGE SHOWN"
    WEAK = "WEAK EDGE"
    DEGRADED = "DEGRADED"


class Call(StrEnum):
    """What the consensus comes to; the first is the default."""

    NONE = "NO SIGNAL"
    UP = "UP"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class Vote:
    """One model's opinion of one instrument; ``probability`` None is an abstention.

    Attributes
    ----------
    probability : P(close[t+h] > close[t]), fraction, calibrated and shrunk to the base rate
    base_rate : the same without any model, fraction
    why : the sentence of an abstention, or the main contributions
    contributions : log-odds by feature
    raw : as the model said it, before calibration
    weight : its share of the vote, fraction; 0 is not heard
    kept : share of its calibrated opinion that is kept
    skill : its out-of-sample Brier skill, None while it cannot be told
    """

    model: str
    probability: float | None
    base_rate: float | None
    why: str = ""
    contributions: tuple[tuple[str, float], ...] = ()
    raw: float | None = None
    weight: float = 0.0
    kept: float = 0.0
    skill: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A walk-forward out-of-sample score.

    Attributes
    ----------
    n : out-of-sample rows
    auc, auc_low, auc_high : area under the ROC curve and its 95 % block-bootstrap interval
    brier, brier_base : mean squared error of the probability, and of always saying the base rate
    skill, skill_low, skill_high : 1 - brier / brier_base and its 95 % interval, fractions
    calibration : (mean predicted, share that came true, rows) per bin, for the reliability diagram
    since : date of the first out-of-sample row, ISO
    """

    n: int
    auc: float
    auc_low: float
    auc_high: float
    brier: float
    brier_base: float
    skill: float
    skill_low: float
    skill_high: float
    calibration: tuple[tuple[float, float, int], ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a person should know of a trained model.

    Attributes
    ----------
    name, version : ``logistic`` and the hash of data, features and settings
    horizon : bars ahead
    features : names, in the order of the coefficients
    feature_version : hash of the feature code's definition
    symbols : what it was trained on
    first_bar, last_bar : training period, ISO dates
    rows : training rows
    base_rate : share of rows that rose
    score : out of sample; None when there was too little data to tell
    edge : what the score allows us to say
    trained : when, aware UTC by the wall clock
    source : whose prices
    """

    name: str
    version: str
    horizon: int
    features: tuple[str, ...]
    feature_version: str
    symbols: tuple[str, ...]
    first_bar: str
    last_bar: str
    rows: int
    base_rate: float
    score: Score | None
    edge: Edge
    trained: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Signal:
    """The desk's view of one instrument after a closed bar.

    Attributes
    ----------
    bar : date of the closed bar, ISO
    probability : P(close[t+h] > close[t]), fraction; None when the model abstained
    base_rate : fraction
    edge : what may be said
    sentence : the plain words shown on screen
    feature_hash : sha256 of the feature numbers the vote rests on
    votes : who said what
    call : what the consensus comes to: UP, DOWN or NO SIGNAL
    needed : distance beyond the base rate and one half at which a trade would pay, fraction
    agreed : share of the vote on the side of the pool, fraction
    why : the consensus in one sentence
    caveats : what is to be held against it, in sentences
    reasons : log-odds by feature, the largest first
    feature_version : of the features' definitions
    data_hash : sha256 of the bars that the features rest on, as they were then
    served : by which way the model answered, as in ``ServingPath``
    right : chance that the call is right, of the meta-model; scales sizes only; None while there is none
    shadow : what a model on trial would have said, and its version; it decides nothing
    regime : of the instrument when it was issued, such as ``rising, calm``
    """

    symbol: str
    bar: str
    time: datetime
    horizon: int
    probability: float | None
    base_rate: float | None
    edge: Edge
    sentence: str
    model: str
    model_version: str
    feature_hash: str
    votes: tuple[Vote, ...] = ()
    call: Call = Call.NONE
    needed: float | None = None
    agreed: float | None = None
    why: str = ""
    caveats: tuple[str, ...] = ()
    reasons: tuple[tuple[str, float], ...] = ()
    feature_version: str = ""
    data_hash: str = ""
    served: str = ""
    right: float | None = None
    shadow: tuple[str, float] | None = None
    regime: str = ""


class ModelStage(StrEnum):
    """Where the model is."""

    WAITING = "waiting"
    TRAINING = "training"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What the screen says of the model; ``progress`` is a fraction, ``note`` a sentence."""

    stage: ModelStage
    progress: float
    note: str
    card: Card | None = None
