"""A trained ensemble on disk: a manifest in JSON, one graph and one file of trees per member, all hashed.

The manifest's hash covers the hashes of the files, and everything but the moment of training. The
version, which names the folder, is the hash of its numbers and graphs, so the same training has the
same version. Files are named by their hashes, so none is ever written over. Nothing is pickled.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from marketpulse.models.session import BadArtefact
from marketpulse.types import ArtefactFault

__all__ = [
    "MANIFEST",
    "SCHEMA",
    "FileRecord",
    "LinearRecord",
    "Manifest",
    "MemberRecord",
    "file_record",
    "read_file",
    "read_manifest",
    "write",
]

SCHEMA = 1
MANIFEST = "manifest.json"
_VERSION_CHARACTERS = 16
_MOST_BYTES = 50_000_000
_HASH = re.compile("[0-9a-f]{64}")
_FREE = ("trained", "version")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of the folder, by the name that its hash gives it."""

    sha256: str
    bytes: int
    kind: Literal["onnx", "skops"]

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return f"{self.sha256[:32]}.{self.kind}"


@dataclass(frozen=True, slots=True)
class LinearRecord:
    """The numbers of a logistic regression, one for each of the member's columns."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    wide: float
    coefficients: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """One member.

    Attributes
    ----------
    kind : ``rule`` is kept in code and has ``worth``, ``constant`` says ``base``; the others have a graph
    columns, middle : features it takes, and what stands for a missing one
    linear : numbers of a linear member
    base, worth : of a rule or a constant
    shift, slope, kept : calibration and the share kept, None while they cannot be told
    skill, share : out-of-sample Brier skill (None unknown), and share of the vote
    onnx, skops : its files; ``note`` says why there is no graph
    compared, worst : rows and largest difference when the graph was compared, None where it was not
    """

    name: str
    kind: Literal["linear", "trees", "rule", "constant", "lstm"]
    columns: tuple[str, ...] = ()
    middle: tuple[float, ...] = ()
    linear: LinearRecord | None = None
    base: float | None = None
    worth: float | None = None
    shift: float | None = None
    slope: float | None = None
    kept: float | None = None
    skill: float | None = None
    share: float = 0.0
    onnx: FileRecord | None = None
    skops: FileRecord | None = None
    compared: int = 0
    worst: float | None = None
    fault: ArtefactFault | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder holds and what it was made of.

    Attributes
    ----------
    feature_version, features : the rows it takes
    steps : rows a member looks at; 1 but for an LSTM
    first_bar, last_bar : training period, ISO dates
    base_rate : share of rises among the training rows
    cost : of one purchase or sale, a fraction of its value
    stretch : of the pooled log-odds from the base rate's
    data : SHA-256 of the bars
    libraries : versions it was trained with
    """

    name: str
    horizon: int
    feature_version: str
    features: tuple[str, ...]
    steps: int
    first_bar: str
    last_bar: str
    rows: int
    base_rate: float
    cost: float
    stretch: float
    source: str
    data: str
    trained: datetime
    libraries: dict[str, str]
    members: tuple[MemberRecord, ...]
    version: str = ""
    schema: int = SCHEMA


_READER = TypeAdapter(Manifest)


def file_record(content: bytes, kind: Literal["onnx", "skops"]) -> FileRecord:
    """Name a file by what is in it."""
    return FileRecord(sha256(content).hexdigest(), len(content), kind)


def write(folder: Path, manifest: Manifest, files: Mapping[FileRecord, bytes]) -> str:
    """Write ``folder``/version with all files and return the manifest's text; the last to appear is the manifest.

    Raises
    ------
    BadArtefact
        A number is not finite.
    """
    text = _encode(manifest)
    place = folder / read_manifest(text).version
    place.mkdir(parents=True, exist_ok=True)
    for record, content in files.items():
        _put(place / record.name, content)
    _put(place / MANIFEST, text.encode())
    return text


def read_manifest(text: str) -> Manifest:
    """Read a manifest and check that it is whole.

    Raises
    ------
    BadArtefact
        The text is no manifest of this schema, or was changed.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant)
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise BadArtefact(ArtefactFault.SCHEMA, f"The manifest is not of schema {SCHEMA}.")
        claimed = content.pop("sha256", None)
        if claimed != _hash(content):
            raise BadArtefact(ArtefactFault.HASH, "The manifest was changed after training.")
        manifest = _READER.validate_json(text, strict=True)
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise BadArtefact(ArtefactFault.UNREADABLE, "The manifest is not readable.") from error
    if manifest.version != _version(content):
        raise BadArtefact(ArtefactFault.HASH, "The manifest's version is not that of its content.")
    _check(manifest)
    return manifest


def read_file(folder: Path, manifest: Manifest, record: FileRecord) -> bytes:
    """Read a file of the artefact and check it against its hash.

    Raises
    ------
    BadArtefact
        It is not there, or is not the one that was written.
    """
    try:
        with (folder / manifest.version / record.name).open("rb") as file:
            content = file.read(min(record.bytes, _MOST_BYTES) + 1)
    except OSError as error:
        raise BadArtefact(ArtefactFault.MISSING, f"{record.name} is not there.") from error
    if len(content) != record.bytes or sha256(content).hexdigest() != record.sha256:
        raise BadArtefact(ArtefactFault.HASH, f"{record.name} is not the file that was written.")
    return content


def _check(manifest: Manifest) -> None:
    for one in manifest.members:
        _check_member(one, set(manifest.features))
    if not (0.0 < manifest.base_rate < 1.0 and manifest.horizon >= 1 and manifest.steps >= 1):
        raise BadArtefact(ArtefactFault.SCHEMA, "The manifest's rate or horizon is out of range.")
    if manifest.trained.utcoffset() is None:
        raise BadArtefact(ArtefactFault.SCHEMA, "The manifest's training time has no time zone.")


def _check_member(one: MemberRecord, known: set[str]) -> None:
    lists = [one.middle] if one.kind in {"linear", "trees"} else []
    if one.linear is not None:
        lists += [one.linear.mean, one.linear.scale, one.linear.coefficients]
    fits = all(len(numbers) == len(one.columns) for numbers in lists) and set(one.columns) <= known
    numbered = {
        "linear": one.linear is not None,
        "rule": one.base is not None and one.worth is not None,
        "constant": one.base is not None,
    }
    if not fits or not numbered.get(one.kind, True):
        raise BadArtefact(ArtefactFault.SCHEMA, f"The parts of {one.name} do not fit each other.")
    files = [record.sha256 for record in (one.onnx, one.skops) if record is not None]
    if not all(_HASH.fullmatch(found) for found in files):  # it becomes a file's name
        raise BadArtefact(ArtefactFault.SCHEMA, f"A file of {one.name} has no proper hash.")


def _encode(manifest: Manifest) -> str:
    bare = asdict(replace(manifest, version="", trained=manifest.trained))
    content = {**bare, "trained": manifest.trained.isoformat()}
    whole = _hash(content)
    return _canonical({**content, "version": _version(content), "sha256": whole})


def _version(content: dict[str, Any]) -> str:
    """Of the numbers alone: a file of trees is never twice the same bytes, since it holds addresses and times."""
    members = [{k: v for k, v in one.items() if k != "skops"} for one in content["members"]]
    return _hash({**content, "members": members})[:_VERSION_CHARACTERS]


def _hash(content: dict[str, Any]) -> str:
    return sha256(_canonical({k: v for k, v in content.items() if k not in _FREE}).encode()).hexdigest()


def _canonical(content: dict[str, Any]) -> str:
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise BadArtefact(ArtefactFault.UNREADABLE, "A number of the model is not finite.") from error


def _put(path: Path, content: bytes) -> None:
    """All or nothing: a reader never sees half a file."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
