"""What a person should know of the models that serve one class of instruments."""

from dataclasses import dataclass
from datetime import datetime

from marketpulse.types.instrument import AssetClass
from marketpulse.types.serving import Serving
from marketpulse.types.signal import Card, ModelStage

__all__ = ["DriftLine", "HealthPart", "MemberLine", "ModelView", "Record", "Rest", "Shadow"]


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of an ensemble, or the consensus, out of sample.

    Attributes
    ----------
    n : rows scored
    auc : of its opinions less the base rate; None without any
    skill : Brier skill of its probabilities, a fraction
    sharpe : of its rule's profit after costs, per bar; None where it never traded
    share : of the vote, 0 is not heard
    kept : share of its calibrated opinion that is kept
    """

    name: str
    n: int
    auc: float | None
    skill: float | None
    sharpe: float | None
    share: float = 0.0
    kept: float = 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """The evidence of a training, beside its ``Card``.

    Attributes
    ----------
    kind : of the instruments it was trained on
    why : the word for its edge in one sentence
    p_value : chance of such an AUC where outcomes have nothing to do with opinions
    slope : of the calibration; None where probabilities do not vary
    sharpe, deflated : of the rule's profit after costs per bar; chance that luck does not explain it
    tried : trials that count, earlier trainings' included; ``members`` are this one's
    promoted : False where it serves nobody yet because it did not beat the model that does
    verdict : how it did beside the model before it, in one sentence
    seconds : how long the training took
    data : sha256 of the bars
    """

    kind: AssetClass
    why: str
    p_value: float | None
    slope: float | None
    sharpe: float | None
    deflated: float | None
    tried: int
    members: tuple[MemberLine, ...]
    promoted: bool
    verdict: str
    seconds: float
    data: str


@dataclass(frozen=True, slots=True)
class DriftLine:
    """How far a feature has moved since the training.

    Attributes
    ----------
    psi : population stability index on the training's deciles; 0.1 is to be watched, 0.25 acted upon
    p_value : of a Kolmogorov-Smirnov test that counts neighbouring bars as one; None with too few
    rows : bars compared
    """

    feature: str
    words: str
    psi: float
    p_value: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class HealthPart:
    """One part of a model's health: its number, its bound, and what they mean.

    Attributes
    ----------
    passed : None while it cannot be told
    """

    name: str
    passed: bool | None
    value: str
    limit: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Rest:
    """How a member fares behind its breaker.

    Attributes
    ----------
    state : of the breaker: ``closed``, ``open``, ``half-open``
    resting : seconds until it is asked again, 0 while it is
    calls : the newest ones, which the two percentiles are of
    p50, p99 : seconds; None before the first call
    last : what went wrong last, empty when nothing did
    """

    model: str
    state: str
    resting: float
    calls: int
    p50: float | None
    p99: float | None
    last: str


@dataclass(frozen=True, slots=True)
class Shadow:
    """A model on trial beside the one that serves: it is asked and scored, and decides nothing."""

    version: str
    trained: datetime
    scored: int
    brier: float | None
    brier_serving: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class ModelView:
    """The models of one class of instruments as they are now.

    Attributes
    ----------
    stage, progress, note : of the training
    card : of the model that serves; None while there is none
    record : the evidence it came with; None for the logistic model that serves meanwhile
    servings : by which way each member answers
    drift : the features that moved most, the largest first
    health : parts; a part that failed says what it means
    latency : (p50, p99) of a whole signal, seconds; None until one was made
    due : when the next training begins, aware UTC by the desk's clock; None where none is planned
    deep : one sentence for each LSTM: what serves, or why none does
    meta : in one sentence, what the meta-model knows
    """

    kind: AssetClass
    stage: ModelStage
    progress: float
    note: str
    card: Card | None = None
    record: Record | None = None
    servings: tuple[Serving, ...] = ()
    drift: tuple[DriftLine, ...] = ()
    health: tuple[HealthPart, ...] = ()
    rests: tuple[Rest, ...] = ()
    shadow: Shadow | None = None
    latency: tuple[float, float] | None = None
    due: datetime | None = None
    deep: tuple[str, ...] = ()
    meta: str = ""
