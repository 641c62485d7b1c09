"""An artefact opened: each member by the quickest way that passes its checks, and why not by a quicker one.

ONNX, else scikit-learn or the manifest's own numbers, else that member abstains; without any member
today's logistic model, and without that the base rate. scikit-learn is imported only where a graph
cannot be used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from marketpulse.features.full import NAMES, VERSION
from marketpulse.models.artefact import FileRecord, Manifest, MemberRecord, read_file, read_manifest
from marketpulse.models.document import BadModel, decode
from marketpulse.models.logistic import Logistic
from marketpulse.models.plain import Grown, Linear, Taken
from marketpulse.models.rules import RULES, Rule
from marketpulse.models.seats import Base
from marketpulse.models.session import BadArtefact, Session
from marketpulse.signals.calibrate import expit, logit
from marketpulse.types import ArtefactFault, FloatArray, Serving, ServingPath

__all__ = ["ENSEMBLE", "Anchor", "Opened", "Ruled", "Same", "open_artefact"]

ENSEMBLE = "ensemble"
_FOUND = {
    ServingPath.ONNX: "Served by ONNX",
    ServingPath.SKLEARN: "Served by scikit-learn",
    ServingPath.NUMPY: "Served by numpy",
    ServingPath.NONE: "Abstains",
}


@dataclass(frozen=True, slots=True, eq=False)
class Ruled:
    """A classic strategy with what its vote is worth."""

    rule: Rule
    odds: float
    worth: float
    at: tuple[int, ...]

    def raw(self, x: FloatArray) -> FloatArray:
        """Probabilities of full rows."""
        return expit(self.odds + self.worth * self.vote(x))

    def vote(self, x: FloatArray) -> FloatArray:
        """The strategy's vote on full rows, -1 to 1."""
        return self.rule.say({name: x[:, at] for name, at in zip(self.rule.looks_at, self.at, strict=True)})


@dataclass(frozen=True, slots=True)
class Same:
    """The same for every row."""

    p: float

    def raw(self, x: FloatArray) -> FloatArray:
        """Its probability, for each row."""
        return np.full(len(x), self.p)


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """Today's logistic model on full rows; a missing feature stands at its mean, as with the members."""

    model: Logistic
    taken: Taken

    def raw(self, x: FloatArray) -> FloatArray:
        """Probabilities of full rows, before shrinkage."""
        return np.array([self.model.raw(row) for row in self.taken.take(x).tolist()], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What can be used of an artefact.

    Attributes
    ----------
    manifest : None where it cannot be used
    members : with what answers for each; empty where only the base rate is left
    servings : one for each member of the manifest, and one for all of them at the end
    """

    manifest: Manifest | None
    members: tuple[tuple[MemberRecord, Base], ...]
    servings: tuple[Serving, ...]


def open_artefact(folder: Path, text: str | None, today: str | None = None, *, broken: str = "") -> Opened:
    """Open what ``packing.pack`` wrote; never raises for what is on the disk.

    Parameters
    ----------
    folder : below which it was written
    text : its manifest, None where none was ever kept
    today : the logistic model's JSON, to fall back on
    broken : why what was kept gave no manifest; empty where nothing was kept
    """
    try:
        manifest = _manifest(text, broken)
    except BadArtefact as error:
        return _fallen(error.fault, str(error), today)
    members, servings = [], []
    for record in manifest.members:
        base, serving = _open_member(folder, manifest, record)
        servings.append(serving)
        if base is not None:
            members.append((record, base))
    if not any(record.kind != "constant" for record, _ in members):
        fallen = _fallen(ArtefactFault.MISSING, "No member of the ensemble can be used.", today)
        return Opened(fallen.manifest, fallen.members, (*servings, *fallen.servings))
    return Opened(manifest, tuple(members), (*servings, _whole(servings)))


def _manifest(text: str | None, broken: str) -> Manifest:
    if text is None and broken:
        raise BadArtefact(ArtefactFault.UNREADABLE, broken)
    if text is None:
        raise BadArtefact(ArtefactFault.MISSING, "No ensemble has been trained yet.")
    manifest = read_manifest(text)
    if manifest.feature_version != VERSION or manifest.features != NAMES:
        raise BadArtefact(
            ArtefactFault.SCHEMA,
            f"The ensemble was trained on features {manifest.feature_version}; this release has {VERSION}.",
        )
    return manifest


def _whole(servings: list[Serving]) -> Serving:
    slower = [one for one in servings if one.faults]
    graphs = [one for one in servings if one.path is ServingPath.ONNX]
    path = (
        ServingPath.SKLEARN if any(one.path is ServingPath.SKLEARN for one in slower) else ServingPath.NUMPY
    )
    if not slower:
        return Serving(ENSEMBLE, ServingPath.ONNX, (), f"{len(graphs)} members are served by ONNX.")
    faults = tuple(dict.fromkeys(fault for one in slower for fault in one.faults))
    named = "; ".join(f"{one.model}: {one.sentence.rstrip('.')}" for one in slower) + "."
    return Serving(
        ENSEMBLE, ServingPath.ONNX if graphs and path is ServingPath.NUMPY else path, faults, named
    )


def _open_member(folder: Path, manifest: Manifest, record: MemberRecord) -> tuple[Base | None, Serving]:
    """By the quickest way that works, with the faults of those before it."""
    faults: list[ArtefactFault] = [] if record.fault is None else [record.fault]
    notes = [record.note] if record.note else []
    for path, way in _ways(folder, manifest, record):
        try:
            return way(), _served(record, path, faults, notes)
        except BadArtefact as error:
            faults.append(error.fault)
            notes.append(str(error))
    return None, _served(record, ServingPath.NONE, faults or [ArtefactFault.MISSING], notes)


def _served(
    record: MemberRecord, path: ServingPath, faults: list[ArtefactFault], notes: list[str]
) -> Serving:
    sentence = f"{_FOUND[path]}{': ' + ' '.join(notes) if notes else '.'}"
    return Serving(record.name, path, tuple(faults), sentence, record.compared, record.worst)


def _ways(
    folder: Path, manifest: Manifest, record: MemberRecord
) -> list[tuple[ServingPath, Callable[[], Base]]]:
    at = np.array([NAMES.index(name) for name in record.columns], dtype=np.int64)
    taken = Taken(at, np.array(record.middle))
    ways: list[tuple[ServingPath, Callable[[], Base]]] = []
    if record.onnx is not None:
        graph = record.onnx
        ways.append((ServingPath.ONNX, lambda: Session(read_file(folder, manifest, graph), (len(NAMES),))))
    if record.skops is not None:
        trees = record.skops
        ways.append((ServingPath.SKLEARN, lambda: _trees(folder, manifest, trees, taken)))
    if record.linear is not None or record.kind in {"rule", "constant"}:
        ways.append((ServingPath.NUMPY, lambda: _numbers(record, taken)))
    return ways


def _trees(folder: Path, manifest: Manifest, record: FileRecord, taken: Taken) -> Base:
    content = read_file(folder, manifest, record)
    written, here = manifest.libraries.get("scikit-learn"), version("scikit-learn")
    if written != here:
        raise BadArtefact(
            ArtefactFault.SCHEMA, f"It was written with scikit-learn {written}; here is {here}."
        )
    from marketpulse.models.estimators import OneThread, load  # noqa: PLC0415  slow to import, and needed here only

    return Grown(taken, OneThread(load(content, len(taken.at))))


def _numbers(record: MemberRecord, taken: Taken) -> Base:
    numbers, base = record.linear, record.base
    if numbers is not None:
        return Linear(
            taken,
            np.array(numbers.mean),
            np.array(numbers.scale),
            numbers.wide,
            np.array(numbers.coefficients),
            numbers.intercept,
        )
    rule = next((one for one in RULES if one.name == record.name), None)
    if base is None or (record.kind == "rule" and (rule is None or record.worth is None)):
        raise BadArtefact(ArtefactFault.SCHEMA, f"This release has no rule {record.name}.")
    if rule is None or record.worth is None:
        return Same(base)
    at = tuple(NAMES.index(name) for name in rule.looks_at)
    return Ruled(rule, float(logit(np.array([base]))[0]), record.worth, at)


def _fallen(fault: ArtefactFault, why: str, today: str | None) -> Opened:
    """Without the ensemble: today's logistic model, or nothing but the base rate."""
    try:
        document = None if today is None else decode(today)
        left = "There is no logistic model either."
    except BadModel as error:
        document, left = None, str(error)
    if document is None:
        said = f"{why} {left} Only the base rate is said."
        return Opened(None, (), (Serving(ENSEMBLE, ServingPath.BASE_RATE, (fault,), said),))
    card = document.card
    record = MemberRecord(
        card.name,
        "linear",
        card.features,
        shift=0.0,
        slope=1.0,
        kept=document.shrink,
        share=1.0 if document.shrink > 0.0 else 0.0,
    )
    at = np.array([NAMES.index(name) for name in card.features], dtype=np.int64)
    anchor = Anchor(Logistic(document), Taken(at, np.array(document.means)))
    said = f"{why} Today's logistic model {card.version} is used instead."
    return Opened(None, ((record, anchor),), (Serving(ENSEMBLE, ServingPath.LOGISTIC, (fault,), said),))
