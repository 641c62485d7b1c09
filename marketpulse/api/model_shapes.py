"""What the models address answers: what serves each class, its evidence, its health."""

from datetime import datetime

from pydantic import BaseModel, Field

from marketpulse.api.numbers import rounded
from marketpulse.types import (
    ArtefactFault,
    AssetClass,
    Card,
    DriftLine,
    Edge,
    HealthPart,
    MemberLine,
    ModelStage,
    ModelView,
    Record,
    Rest,
    Score,
    Serving,
    ServingPath,
    Shadow,
)

__all__ = [
    "CardReply",
    "DriftReply",
    "EvidenceReply",
    "HealthPartReply",
    "MemberReply",
    "ModelReply",
    "ModelsReply",
    "OutOfSampleReply",
    "RestReply",
    "ServingReply",
    "TrialReply",
    "model_reply",
]

_PARTS = 6


class OutOfSampleReply(BaseModel):
    """The walk-forward score with its 95 % intervals."""

    n: int
    since: str
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    brier: float | None
    brier_base: float | None
    skill: float | None
    skill_low: float | None
    skill_high: float | None
    calibration: list[tuple[float, float, int]] = Field(description="mean said, share that came true, rows")


class CardReply(BaseModel):
    """What a trained model is made of."""

    name: str
    version: str
    horizon: int
    features: list[str]
    feature_version: str
    symbols: list[str]
    first_bar: str
    last_bar: str
    rows: int
    base_rate: float | None
    edge: Edge
    trained: datetime
    source: str
    score: OutOfSampleReply | None = Field(description="null: too little data to tell")


class MemberReply(BaseModel):
    """One member, or the consensus, out of sample."""

    name: str
    n: int
    auc: float | None
    skill: float | None
    sharpe: float | None = Field(description="of its rule after costs, per bar")
    share: float | None
    kept: float | None


class EvidenceReply(BaseModel):
    """What a training found."""

    why: str
    p_value: float | None
    slope: float | None
    sharpe: float | None
    deflated: float | None
    tried: int
    promoted: bool
    verdict: str
    seconds: float | None
    data: str
    members: list[MemberReply]


class ServingReply(BaseModel):
    """By which way a member answers."""

    model: str
    path: ServingPath
    faults: list[ArtefactFault]
    message: str
    compared: int
    worst: float | None


class RestReply(BaseModel):
    """How a member fares behind its breaker; seconds."""

    model: str
    state: str
    resting: float
    calls: int
    p50: float | None
    p99: float | None
    last: str


class DriftReply(BaseModel):
    """How far a feature has moved since the training."""

    feature: str
    words: str
    psi: float | None = Field(description="0.1 is watched, 0.25 acted upon")
    p_value: float | None
    rows: int


class HealthPartReply(BaseModel):
    """One part of a model's health."""

    name: str
    passed: bool | None = Field(description="null: it cannot be told")
    value: str
    limit: str
    message: str


class TrialReply(BaseModel):
    """A model on trial; it decides nothing."""

    version: str
    trained: datetime
    scored: int
    brier: float | None
    brier_serving: float | None
    message: str


class ModelReply(BaseModel):
    """The models of one class of instruments."""

    kind: AssetClass
    stage: ModelStage
    progress: float | None
    note: str
    due: datetime | None = Field(description="next training by itself, by the desk's clock")
    card: CardReply | None
    evidence: EvidenceReply | None
    servings: list[ServingReply]
    rests: list[RestReply]
    drift: list[DriftReply]
    health: list[HealthPartReply]
    shadow: TrialReply | None
    latency_p50: float | None = Field(description="of a whole signal, seconds")
    latency_p99: float | None
    deep: list[str]
    meta: str


class ModelsReply(BaseModel):
    """One entry for each class, shares first."""

    models: list[ModelReply]


def model_reply(view: ModelView) -> ModelReply:
    """Turn the view into JSON; what is not finite is null."""
    p50, p99 = view.latency or (None, None)
    return ModelReply(
        kind=view.kind,
        stage=view.stage,
        progress=rounded(view.progress, _PARTS),
        note=view.note,
        due=view.due,
        card=None if view.card is None else _card(view.card),
        evidence=None if view.record is None else _evidence(view.record),
        servings=[_serving(one) for one in view.servings],
        rests=[_rest(one) for one in view.rests],
        drift=[_drift(one) for one in view.drift],
        health=[_part(one) for one in view.health],
        shadow=None if view.shadow is None else _trial(view.shadow),
        latency_p50=rounded(p50, 9),
        latency_p99=rounded(p99, 9),
        deep=list(view.deep),
        meta=view.meta,
    )


def _card(card: Card) -> CardReply:
    return CardReply(
        name=card.name,
        version=card.version,
        horizon=card.horizon,
        features=list(card.features),
        feature_version=card.feature_version,
        symbols=list(card.symbols),
        first_bar=card.first_bar,
        last_bar=card.last_bar,
        rows=card.rows,
        base_rate=rounded(card.base_rate, _PARTS),
        edge=card.edge,
        trained=card.trained,
        source=card.source,
        score=None if card.score is None else _score(card.score),
    )


def _score(score: Score) -> OutOfSampleReply:
    return OutOfSampleReply(
        n=score.n,
        since=score.since,
        auc=rounded(score.auc, _PARTS),
        auc_low=rounded(score.auc_low, _PARTS),
        auc_high=rounded(score.auc_high, _PARTS),
        brier=rounded(score.brier, _PARTS),
        brier_base=rounded(score.brier_base, _PARTS),
        skill=rounded(score.skill, _PARTS),
        skill_low=rounded(score.skill_low, _PARTS),
        skill_high=rounded(score.skill_high, _PARTS),
        calibration=[(round(said, _PARTS), round(true, _PARTS), n) for said, true, n in score.calibration],
    )


def _evidence(record: Record) -> EvidenceReply:
    return EvidenceReply(
        why=record.why,
        p_value=rounded(record.p_value, _PARTS),
        slope=rounded(record.slope, _PARTS),
        sharpe=rounded(record.sharpe, _PARTS),
        deflated=rounded(record.deflated, _PARTS),
        tried=record.tried,
        promoted=record.promoted,
        verdict=record.verdict,
        seconds=rounded(record.seconds, 3),
        data=record.data,
        members=[_member(one) for one in record.members],
    )


def _member(one: MemberLine) -> MemberReply:
    return MemberReply(
        name=one.name,
        n=one.n,
        auc=rounded(one.auc, _PARTS),
        skill=rounded(one.skill, _PARTS),
        sharpe=rounded(one.sharpe, _PARTS),
        share=rounded(one.share, _PARTS),
        kept=rounded(one.kept, _PARTS),
    )


def _serving(one: Serving) -> ServingReply:
    return ServingReply(
        model=one.model,
        path=one.path,
        faults=list(one.faults),
        message=one.sentence,
        compared=one.compared,
        worst=rounded(one.worst, 18),
    )


def _rest(one: Rest) -> RestReply:
    return RestReply(
        model=one.model,
        state=one.state,
        resting=one.resting,
        calls=one.calls,
        p50=one.p50,
        p99=one.p99,
        last=one.last,
    )


def _drift(one: DriftLine) -> DriftReply:
    return DriftReply(
        feature=one.feature,
        words=one.words,
        psi=rounded(one.psi, _PARTS),
        p_value=rounded(one.p_value, _PARTS),
        rows=one.rows,
    )


def _part(one: HealthPart) -> HealthPartReply:
    return HealthPartReply(
        name=one.name, passed=one.passed, value=one.value, limit=one.limit, message=one.sentence
    )


def _trial(one: Shadow) -> TrialReply:
    return TrialReply(
        version=one.version,
        trained=one.trained,
        scored=one.scored,
        brier=rounded(one.brier, _PARTS),
        brier_serving=rounded(one.brier_serving, _PARTS),
        message=one.sentence,
    )
