"""The trained document: whole or refused."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from marketpulse.errors import MarketPulseError
from marketpulse.models.artefact import LinearRecord, read_manifest
from marketpulse.models.document import BadModel
from marketpulse.models.meta import Meta
from marketpulse.models.opening import open_artefact
from marketpulse.models.record import decode, encode, stored_as
from marketpulse.types import AssetClass, ServingPath

META = Meta(
    (0, 2), (0.1, 0.2), LinearRecord((0.0, 0.0), (1.0, 1.0), 6.0, (0.5, -0.5), 0.1), 0.5, 0.4, 300, 0.01
)


@pytest.fixture(scope="module")
def trained(document):
    return decode(document[1])


def forged(text, change):
    """The text with its content changed and its hash made to fit."""
    content = json.loads(text)
    content.pop("sha256")
    change(content)
    bare = json.dumps(content, sort_keys=True, separators=(",", ":"))
    content["sha256"] = sha256(bare.encode()).hexdigest()
    return json.dumps(content)


def test_it_reads_back_to_the_last_digit(document, trained):
    assert encode(trained) == document[1]
    with_meta = replace(trained, meta=META)
    assert decode(encode(with_meta)) == with_meta


def test_it_tells_what_the_training_was(document, trained):
    card, record = trained.card, trained.record
    manifest = read_manifest(trained.manifest)
    assert (card.name, card.version) == ("ensemble", manifest.version)
    assert card.symbols == ("AAA",)
    assert card.last_bar == manifest.last_bar <= "2003-12-31"
    assert record.kind is AssetClass.EQUITY
    assert record.tried == len(record.members) == len(trained.trials) == 11
    assert record.members[-1].name == "consensus"
    assert record.promoted
    assert record.verdict == "There was no ensemble before it."
    assert sum(one.share for one in record.members) == pytest.approx(1.0)
    assert record.data == manifest.data
    assert trained.trials["logistic"]["C"] == 0.02
    assert open_artefact(document[0], trained.manifest).servings[-1].path is ServingPath.ONNX


def test_it_is_small(document):
    assert len(document[1]) < 100_000


@pytest.mark.parametrize("at", [0, 100, 2_000, -2])
def test_a_changed_character_is_refused(document, at):
    text = document[1]
    i = at % len(text)
    changed = text[:i] + ("7" if text[i] != "7" else "8") + text[i + 1 :]
    with pytest.raises(MarketPulseError):
        decode(changed)


@pytest.mark.parametrize("name", ["seconds", "rows", "p_value"])
def test_a_number_that_was_changed_is_refused_though_it_would_fit(document, name):
    at = document[1].rindex(f'"{name}":') + len(name) + 3
    digit = document[1][at]
    changed = document[1][:at] + ("1" if digit != "1" else "2") + document[1][at + 1 :]
    with pytest.raises(BadModel, match="its hash does not fit"):
        decode(changed)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema": 1}', "[" * 100_000, "NaN"])
def test_what_is_no_document_is_refused(text):
    with pytest.raises(BadModel):
        decode(text)


def shorten(content):
    content["reference"]["edges"][0].pop()


def unsort(content):
    content["reference"]["sketch"][0].reverse()


CHANGES = {
    "another version": lambda c: c["card"].update(version="0" * 16),
    "another horizon": lambda c: c["card"].update(horizon=7),
    "a word that is none": lambda c: c["card"].update(edge="STRONG EDGE"),
    "a field more": lambda c: c["record"].update(promoted="yes"),
    "a trial less": lambda c: c["record"]["members"].pop(),
    "fewer trials than members": lambda c: c["record"].update(tried=3),
    "half a manifest": lambda c: c.update(manifest=c["manifest"][:500]),
    "a decile less": shorten,
    "quantiles in disorder": unsort,
    "no time zone": lambda c: c["card"].update(trained="2026-03-01T09:00:00"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_parts_that_do_not_fit_are_refused_though_the_hash_does(document, change):
    with pytest.raises(MarketPulseError):
        decode(forged(document[1], change))


def test_the_forger_of_this_test_can_leave_a_document_whole(document, trained):
    assert decode(forged(document[1], lambda _: None)) == trained


def test_a_number_that_is_none_is_never_written(trained):
    for bad in (float("nan"), float("inf")):
        with pytest.raises(BadModel, match="not finite"):
            encode(replace(trained, record=replace(trained.record, slope=bad)))
    wrong = replace(META, numbers=replace(META.numbers, scale=(1.0,)))
    with pytest.raises(BadModel, match="meta-model"):
        encode(replace(trained, meta=wrong))


def test_names_in_the_store():
    assert stored_as("logistic", AssetClass.CRYPTO) == "logistic-crypto"
