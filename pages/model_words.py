"""What models and signals are called on every page: classes, edges, calls, features."""

from marketpulse import desk
from marketpulse.types import AssetClass, Call, Edge, ModelView, Snapshot
from pages import parts
from pages.parts import Markup, Tone

__all__ = ["call_mark", "edge_tag", "edge_tone", "feature", "kind_word", "views", "whole"]

_KINDS = {AssetClass.EQUITY: "Shares", AssetClass.CRYPTO: "Coins", AssetClass.INDEX: "Indices"}
_CALLS: dict[Call, Tone] = {Call.UP: "up", Call.DOWN: "down", Call.NONE: "muted"}
_EDGES: dict[Edge, Tone] = {Edge.NONE: "", Edge.WEAK: "accent", Edge.DEGRADED: "warn"}


def views(now: Snapshot) -> tuple[ModelView, ...]:
    """What serves each class of instruments; a desk with one model for all has one view, that of shares."""
    if now.models:
        return now.models
    model = now.model
    return (ModelView(AssetClass.EQUITY, model.stage, model.progress, model.note, model.card),)


def kind_word(kind: AssetClass) -> str:
    """Say a class the way a person would."""
    return _KINDS[kind]


def call_mark(call: Call) -> Markup:
    """UP in green, DOWN in red, NO SIGNAL in grey."""
    return parts.span(call.value, "muted") if call is Call.NONE else parts.bold(call.value, _CALLS[call])


def edge_tone(edge: Edge) -> Tone:
    """Grey where no edge is shown, blue for a weak one, amber where it has worsened."""
    return _EDGES[edge]


def edge_tag(edge: Edge, hint: str = "") -> Markup:
    """The word that the out-of-sample score allows, on its plate."""
    return parts.tag(edge.value, edge_tone(edge), hint=hint)


def feature(name: str) -> str:
    """Say a feature in plain words."""
    return desk.FEATURE_WORDS.get(name, name.replace("_", " "))


def whole(sentence: str) -> str:
    """End a sentence with a full stop, once."""
    text = sentence.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."
