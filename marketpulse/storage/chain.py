"""The hash chain: how an event becomes a row, and how a changed row is found.

Each row's hash covers the row and the hash before it; the first covers the installation's id. Rows
are hashed as stored, so a check of the whole ledger parses nothing.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from marketpulse.errors import StorageError
from marketpulse.storage.columns import from_utc_text, to_utc_text
from marketpulse.storage.faults import Damaged
from marketpulse.types import Event, EventKind, Json, NewEvent

__all__ = ["Row", "check", "checked", "event_of", "payload_text", "row_of"]

Row = tuple[int, str, str, str, str, str | None, str, str]
"""seq, time, account, kind, ref, key, payload, hash: as stored."""

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def payload_text(payload: Mapping[str, Json]) -> str:
    """Write a payload as canonical JSON: sorted keys, no spaces, ASCII.

    Raises
    ------
    TypeError
        It holds a float or anything else that would not come back as it went in.

    Examples
    --------
    >>> payload_text({"why": "deposit", "amount": "100000"})
    '{"amount":"100000","why":"deposit"}'
    """
    plain = dict(payload)
    _require_json(plain, "payload")
    return _encode(plain)


def _require_json(value: object, where: str) -> None:
    if value is None or isinstance(value, (str, int)):
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            _require_json(item, f"{where}[{i}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise TypeError(f"the names in an event's payload are text; {where} has {name!r}")
            _require_json(item, f"{where}.{name}")
    else:
        raise TypeError(
            "an event carries text, whole numbers, true, false, null, lists and objects; "
            f"{where} is a {type(value).__name__}"
        )


def row_of(new: NewEvent, seq: int, before: str) -> Row:
    """Number ``new`` and chain it to the hash ``before``."""
    time, payload = to_utc_text(new.time), payload_text(new.payload)
    fields = (seq, time, new.account, new.kind.value, new.ref, new.key, payload)
    return *fields, _digest(fields, before)


def event_of(row: Row) -> Event:
    """Read one row.

    Raises
    ------
    StorageError
        It holds what this version does not know.
    """
    seq, time, account, kind, ref, key, payload, digest = row
    try:
        return Event(
            seq=seq,
            time=from_utc_text(time),
            account=account,
            kind=EventKind(kind),
            ref=ref,
            payload=json.loads(payload),
            key=key,
            hash=digest,
        )
    except ValueError as error:
        raise StorageError(f"event {seq} of the ledger cannot be read: {error}") from error


def check(rows: Iterable[Row], genesis: str) -> int:
    """Walk the chain from its start and return the last number.

    Raises
    ------
    Damaged
        An event was changed, removed or moved; its number is in the sentence.
    """
    last = 0
    for row in checked(rows, genesis):
        last = row[0]
    return last


def checked(rows: Iterable[Row], genesis: str) -> Iterator[Row]:
    """Hand on each row that is as it was written.

    Raises
    ------
    Damaged
        As ``check``.
    """
    last, before = 0, genesis
    for row in rows:
        seq, digest = row[0], row[-1]
        if seq != last + 1:
            raise Damaged(f"event {last + 1} is missing from the ledger", last + 1)
        if _digest(row[:-1], before) != digest:
            raise Damaged(f"event {seq} of the ledger was changed after it was written", seq)
        last, before = seq, digest
        yield row


def _digest(fields: Sequence[int | str | None], before: str) -> str:
    """Hash the fields in the order of ``Row``, and the hash ``before``."""
    return sha256(_encode([*fields, before]).encode("ascii")).hexdigest()
