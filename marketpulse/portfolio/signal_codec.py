"""What a SIGNAL event carries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketpulse.portfolio.texts import Payload, as_repr, to_float
from marketpulse.types import Call, Edge, Json, Signal, Vote

__all__ = ["read_signal", "write_signal"]


def write_signal(signal: Signal) -> Payload:
    """SIGNAL."""
    votes: list[Json] = [_write_vote(vote) for vote in signal.votes]
    return {
        "symbol": signal.symbol,
        "bar": signal.bar,
        "time": signal.time.isoformat(),
        "horizon": signal.horizon,
        "probability": as_repr(signal.probability),
        "base_rate": as_repr(signal.base_rate),
        "edge": signal.edge.value,
        "sentence": signal.sentence,
        "model": signal.model,
        "model_version": signal.model_version,
        "feature_hash": signal.feature_hash,
        "votes": votes,
        "call": signal.call.value,
        "needed": as_repr(signal.needed),
        "agreed": as_repr(signal.agreed),
        "why": signal.why,
        "caveats": list(signal.caveats),
        "reasons": _write_parts(signal.reasons),
        "feature_version": signal.feature_version,
        "data_hash": signal.data_hash,
        "served": signal.served,
        "right": as_repr(signal.right),
        "shadow": None if signal.shadow is None else [signal.shadow[0], repr(float(signal.shadow[1]))],
        "regime": signal.regime,
    }


def read_signal(payload: Mapping[str, Any]) -> Signal:
    """SIGNAL."""
    return Signal(
        symbol=payload["symbol"],
        bar=payload["bar"],
        time=datetime.fromisoformat(payload["time"]),
        horizon=payload["horizon"],
        probability=to_float(payload["probability"]),
        base_rate=to_float(payload["base_rate"]),
        edge=Edge(payload["edge"]),
        sentence=payload["sentence"],
        model=payload["model"],
        model_version=payload["model_version"],
        feature_hash=payload["feature_hash"],
        votes=tuple(_read_vote(vote) for vote in payload["votes"]),
        **_read_consensus(payload),
    )


def _read_consensus(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What signals carry since there is more than one model; older ones have none of it."""
    shadow = payload.get("shadow")
    return {
        "call": Call(payload.get("call", Call.NONE.value)),
        "needed": to_float(payload.get("needed")),
        "agreed": to_float(payload.get("agreed")),
        "why": payload.get("why", ""),
        "caveats": tuple(payload.get("caveats", ())),
        "reasons": _read_parts(payload.get("reasons", ())),
        "feature_version": payload.get("feature_version", ""),
        "data_hash": payload.get("data_hash", ""),
        "served": payload.get("served", ""),
        "right": to_float(payload.get("right")),
        "shadow": None if shadow is None else (shadow[0], float(shadow[1])),
        "regime": payload.get("regime", ""),
    }


def _write_vote(vote: Vote) -> Json:
    return {
        "model": vote.model,
        "probability": as_repr(vote.probability),
        "base_rate": as_repr(vote.base_rate),
        "why": vote.why,
        "contributions": _write_parts(vote.contributions),
        "raw": as_repr(vote.raw),
        "weight": repr(float(vote.weight)),
        "kept": repr(float(vote.kept)),
        "skill": as_repr(vote.skill),
    }


def _read_vote(payload: Mapping[str, Any]) -> Vote:
    return Vote(
        payload["model"],
        to_float(payload["probability"]),
        to_float(payload["base_rate"]),
        payload["why"],
        _read_parts(payload["contributions"]),
        to_float(payload.get("raw")),
        float(payload.get("weight", 0.0)),
        float(payload.get("kept", 0.0)),
        to_float(payload.get("skill")),
    )


def _write_parts(parts: tuple[tuple[str, float], ...]) -> list[Json]:
    return [[name, repr(float(weight))] for name, weight in parts]


def _read_parts(payload: Any) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(weight)) for name, weight in payload)
