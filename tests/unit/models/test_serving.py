import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from walks import TRAINED

from marketpulse.clock import WallClock
from marketpulse.features.full import NAMES
from marketpulse.models import artefact
from marketpulse.models.ensemble import Ensemble, Standing
from marketpulse.models.export import compare
from marketpulse.models.graph import linear_graph
from marketpulse.models.members import members
from marketpulse.models.opening import open_artefact
from marketpulse.models.packing import Made, pack
from marketpulse.models.plain import Linear, Taken
from marketpulse.models.serving import Served
from marketpulse.models.session import BadArtefact
from marketpulse.signals.calibrate import Sigmoid, stretched
from marketpulse.signals.consensus import Ballot, pool
from marketpulse.types import ArtefactFault, ServingPath

BASE = 0.54
GRAPHED = ("logistic", "boosting", "extra trees")


@pytest.fixture(scope="module")
def rows():
    """Full rows as they come: some features missing, those of the book always."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(900, len(NAMES)))
    x[rng.random(x.shape) < 0.02] = np.nan
    x[:, [NAMES.index("spread"), NAMES.index("imbalance")]] = np.nan
    return x


@pytest.fixture(scope="module")
def ensemble(rows):
    signal = np.nan_to_num(rows[:, NAMES.index("momentum_5")] - rows[:, NAMES.index("rsi_14")])
    y = (signal + np.random.default_rng(4).normal(size=len(rows)) > 0.0).astype(float)
    who = members()
    fitted = tuple(one.fit(NAMES, rows[:600], y[:600], np.ones(600)) for one in who)
    standings = [Standing(Sigmoid(0.02 * i, 1.1 - 0.1 * i), 0.5, 0.01 * i) for i in range(len(who))]
    standings[-1] = Standing(None, None, float("nan"))
    share = np.array([0.0, 0.3, 0.3, 0.2, 0.2, *[0.0] * (len(who) - 5)])
    names = tuple(one.name for one in who)
    return Ensemble(NAMES, names, fitted, tuple(standings), share, 1.2, 5, 0.0005)


MADE = Made("2001-02-28", "2012-05-31", 600, BASE, "tape", "ab" * 32, TRAINED)


@pytest.fixture(scope="module")
def packed(ensemble, rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return folder, pack(folder, ensemble, rows, MADE)


@pytest.fixture
def copied(packed, tmp_path):
    """A copy whose files may be spoilt."""
    folder, text = packed
    place = json.loads(text)["version"]
    (tmp_path / place).mkdir()
    for path in (folder / place).iterdir():
        (tmp_path / place / path.name).write_bytes(path.read_bytes())
    return tmp_path, text


def served(folder, text, today=None):
    return Served(open_artefact(folder, text, today), WallClock(), Random(1))


def path_of(folder, text, member, kind):
    manifest = artefact.read_manifest(text)
    record = next(one for one in manifest.members if one.name == member)
    return folder / manifest.version / getattr(record, kind).name


def serving_of(found, member):
    return next(one for one in found.servings if one.model == member)


def forged(folder, text, member, kind, content):
    """The text of a manifest whose hashes fit what was put in the place of a file."""
    manifest = artefact.read_manifest(text)
    record = artefact.file_record(content, kind)
    changed = [replace(one, **{kind: record}) if one.name == member else one for one in manifest.members]
    files = {}
    for one in manifest.members:
        for old in (one.onnx, one.skops):
            if old is not None:
                files[old] = (folder / manifest.version / old.name).read_bytes()
    return artefact.write(folder, replace(manifest, members=tuple(changed)), files | {record: content})


def test_every_member_is_served_by_the_quickest_way_and_says_how_it_was_compared(packed, rows):
    found = served(*packed)
    for name in GRAPHED:
        serving = serving_of(found, name)
        assert serving.path is ServingPath.ONNX
        assert serving.faults == ()
        assert serving.compared == len(rows)
        assert serving.worst < 1e-6
    assert found.servings[-1].model == "ensemble"
    assert found.servings[-1].path is ServingPath.ONNX
    assert found.version == json.loads(packed[1])["version"]


def test_it_decides_as_the_ensemble_that_was_trained(packed, ensemble, rows):
    found = served(*packed)
    for row in rows[600:640]:
        right, quick = ensemble.decide(row, BASE, 0.01), found.decide(row, BASE, 0.01)
        assert quick.probability == pytest.approx(right.probability, abs=1e-5)
        assert quick.call is right.call
        assert [b.member for b in quick.ballots] == [b.member for b in right.ballots]
        for one, other in zip(quick.ballots, right.ballots, strict=True):
            assert one.raw == pytest.approx(other.raw, abs=1e-5)
            assert one.probability == (
                None if other.probability is None else pytest.approx(other.probability, abs=1e-5)
            )
            assert (one.kept, one.share) == (other.kept, other.share)
        assert [name for name, _ in quick.reasons[:2]] == [name for name, _ in right.reasons[:2]]
        assert dict(quick.reasons) == pytest.approx(dict(right.reasons), abs=1e-4)


def test_many_rows_at_once_are_those_rows_alone(packed, rows):
    found = served(*packed)
    base = np.linspace(0.4, 0.6, 50)
    together = found.ask(rows[:50], base)
    alone = [found.ask(rows[i : i + 1], base[i : i + 1]).probability[0] for i in range(50)]
    np.testing.assert_allclose(together.probability, alone, atol=1e-7)


def test_a_bar_is_decided_on_what_every_member_says_of_it_and_each_is_asked_once(packed, rows):
    found = served(*packed)
    for row in rows[600:620]:
        decided, asked = found.decide(row, BASE, 0.01), found.ask(row[None, :], np.array([BASE]))
        raw = [np.nan if one.raw is None else one.raw for one in decided.ballots]
        said = [np.nan if one.probability is None else one.probability for one in decided.ballots]
        np.testing.assert_allclose(raw, asked.raw[:, 0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(said, asked.said[:, 0], rtol=0, atol=1e-12)
        assert decided.probability == pytest.approx(asked.probability[0], abs=1e-12)
    assert {health.calls for health in found.health().values()} == {40}


@pytest.mark.parametrize("stretch", [1.0, 1.2])
def test_one_row_in_floats_is_the_same_row_in_arrays(ensemble, rows, tmp_path, stretch):
    text = pack(tmp_path, replace(ensemble, stretch=stretch), rows[:30], MADE)
    found = served(tmp_path, text)
    rng = np.random.default_rng(8)
    raw = rng.random((len(ensemble.members), 300))
    raw[:, 0], raw[:, 1], raw[:, 2] = 0.0, 1.0, np.nan
    raw[rng.random(raw.shape) < 0.1] = np.nan
    base = rng.uniform(0.3, 0.7, 300)
    calibrated = [
        standing.say(standing.sigmoid.apply(line, base), base) if standing.sigmoid else np.full(300, np.nan)
        for standing, line in zip(ensemble.standings, raw, strict=True)
    ]
    pooled = stretched(pool(np.array(calibrated), ensemble.share, base), base, stretch)
    for i in range(300):
        said, one = found._one(raw[:, i].tolist(), float(base[i]))
        np.testing.assert_allclose(said, [line[i] for line in calibrated], atol=1e-12)
        assert one == pytest.approx(pooled[i], abs=1e-12)
    assert pooled[2] == base[2]


def test_a_member_that_looks_at_more_rows_is_heard_by_its_skill_and_else_only_listed(packed, rows):
    found = served(*packed)
    alone = found.decide(rows[0], BASE, 0.01)
    for silent in (
        Ballot("LSTM daily", None, None, 0.9, 0.5, 0.0),
        Ballot("LSTM daily", 0.9, BASE, 0.0, 0.5, 0.0),
        Ballot("LSTM daily", 0.9, 0.9, 0.9, -0.5, 0.0),
    ):
        decided = found.decide(rows[0], BASE, 0.01, more=[silent])
        assert decided.ballots == (*alone.ballots, silent)
        assert decided.probability == alone.probability
    decided = found.decide(rows[0], BASE, 0.01, more=[Ballot("LSTM daily", 0.9, 0.9, 0.9, 0.5, 0.0)])
    heard = {ballot.member: ballot.share for ballot in decided.ballots}
    assert heard["LSTM daily"] == max(heard.values()) > 0.3
    assert sum(heard.values()) == pytest.approx(1.0)
    assert decided.probability > alone.probability


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


class Evil:
    """Opened by pickle, it would leave a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize(
    "spoil", [cut, flipped, lambda _: b"", None], ids=["truncated", "a bit", "empty", "missing"]
)
@pytest.mark.parametrize(
    "falls", [("logistic", ServingPath.NUMPY), ("extra trees", ServingPath.SKLEARN)], ids=["linear", "trees"]
)
def test_a_spoilt_graph_is_not_used_and_the_next_way_says_the_same(copied, packed, rows, spoil, falls):
    member, next_way = falls
    path = path_of(*copied, member, "onnx")
    if spoil is None:
        path.unlink()
    else:
        path.write_bytes(spoil(path.read_bytes()))
    found = served(*copied)
    serving = serving_of(found, member)
    assert serving.path is next_way
    assert serving.faults == (ArtefactFault.MISSING if spoil is None else ArtefactFault.HASH,)
    assert path.name in serving.sentence
    assert member in found.servings[-1].sentence
    base = np.full(30, BASE)
    whole = served(*packed).ask(rows[:30], base)
    np.testing.assert_allclose(found.ask(rows[:30], base).said, whole.said, atol=1e-5)


@pytest.mark.parametrize("kind", ["onnx", "skops"])
def test_an_evil_pickle_by_another_name_is_never_run(copied, rows, kind, tmp_path):
    content = pickle.dumps(Evil(tmp_path / "evil"))
    text = forged(*copied, "boosting", kind, content)
    path_of(copied[0], text, "boosting", "onnx").write_bytes(content)
    found = served(copied[0], text)
    serving = serving_of(found, "boosting")
    assert serving.path is (ServingPath.SKLEARN if kind == "onnx" else ServingPath.NONE)
    assert serving.faults[-1] is ArtefactFault.UNREADABLE
    assert np.isfinite(found.ask(rows[:3], np.full(3, BASE)).probability).all()
    assert not (tmp_path / "evil").exists()


def test_a_graph_of_another_width_is_not_used_though_its_hash_fits(copied):
    one = Linear(Taken(np.array([0]), np.zeros(1)), np.zeros(1), np.ones(1), 6.0, np.ones(1), 0.0)
    text = forged(*copied, "boosting", "onnx", linear_graph(len(NAMES) - 1, one))
    serving = serving_of(served(copied[0], text), "boosting")
    assert serving.path is ServingPath.SKLEARN
    assert serving.faults == (ArtefactFault.SHAPE,)


def test_a_member_without_any_way_abstains_and_the_others_go_on(copied, rows, ensemble):
    for kind in ("onnx", "skops"):
        path_of(*copied, "boosting", kind).unlink()
    found = served(*copied)
    serving = serving_of(found, "boosting")
    assert serving.path is ServingPath.NONE
    assert serving.faults == (ArtefactFault.MISSING, ArtefactFault.MISSING)
    assert serving.sentence.startswith("Abstains: ")
    assert "boosting" not in found.names
    decided = found.decide(rows[0], BASE, 0.01)
    assert len(decided.ballots) == len(ensemble.members) - 1
    assert 0.0 < decided.probability < 1.0


def test_trees_of_another_release_of_scikit_learn_are_not_opened(copied):
    manifest = artefact.read_manifest(copied[1])
    path_of(*copied, "boosting", "onnx").unlink()
    old = replace(manifest, libraries={**manifest.libraries, "scikit-learn": "1.2.0"})
    place, text = copied[0], artefact.write(copied[0], old, {})
    for path in (place / manifest.version).iterdir():
        if path.name != artefact.MANIFEST:
            path.rename(place / artefact.read_manifest(text).version / path.name)
    serving = serving_of(served(place, text), "boosting")
    assert serving.faults == (ArtefactFault.MISSING, ArtefactFault.SCHEMA)
    assert "scikit-learn 1.2.0" in serving.sentence


def hashed(content):
    """A manifest's text with a hash that fits it."""
    bare = {k: v for k, v in content.items() if k != "sha256"}
    whole = artefact._hash(bare)
    return json.dumps({**bare, "version": artefact._version(bare), "sha256": whole})


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda t: t.replace('"share":0.3', '"share":0.9'), ArtefactFault.HASH),
        (lambda t: t[:-9], ArtefactFault.UNREADABLE),
        (lambda t: t.replace('"schema":1', '"schema":2'), ArtefactFault.SCHEMA),
        (lambda _: "[]", ArtefactFault.SCHEMA),
        (lambda t: hashed({**json.loads(t), "feature_version": "0" * 16}), ArtefactFault.SCHEMA),
        (lambda t: hashed({**json.loads(t), "features": json.loads(t)["features"][::-1]}), ArtefactFault.SCHEMA),
        (lambda t: hashed({**json.loads(t), "horizon": 0}), ArtefactFault.SCHEMA),
        (lambda t: hashed({**json.loads(t), "members": [{"name": "x", "kind": "pickle"}]}), ArtefactFault.UNREADABLE),
        (lambda _: None, ArtefactFault.MISSING),
    ],
)  # fmt: skip
def test_without_its_manifest_todays_logistic_answers_and_without_that_the_base_rate(
    packed, text, rows, spoil, fault
):
    folder, good = packed
    bad = spoil(good)
    found = served(folder, bad, text)
    assert [(one.path, one.faults) for one in found.servings] == [(ServingPath.LOGISTIC, (fault,))]
    assert "Today's logistic model" in found.servings[0].sentence
    assert found.names == ("logistic",)
    assert np.isfinite(found.ask(rows[:3], np.full(3, BASE)).probability).all()
    last = served(folder, bad, "{}")
    assert [(one.path, one.faults) for one in last.servings] == [(ServingPath.BASE_RATE, (fault,))]
    assert last.ask(rows[:3], np.full(3, BASE)).probability.tolist() == [BASE] * 3
    decided = last.decide(rows[0], BASE, 0.01)
    assert (decided.probability, decided.call) == (BASE, "NO SIGNAL")
    assert [ballot.member for ballot in decided.ballots] == ["base rate"]
    assert served(folder, bad).servings[-1].path is ServingPath.BASE_RATE


def test_a_hash_that_would_be_a_path_is_refused(packed):
    folder, good = packed
    content = json.loads(good)
    next(one for one in content["members"] if one["onnx"])["onnx"]["sha256"] = "../" * 21 + "x"
    found = served(folder, hashed(content))
    assert found.servings[0].faults == (ArtefactFault.SCHEMA,)


def test_the_same_training_is_the_same_version_whenever_it_was(packed, ensemble, rows, tmp_path):
    again = pack(tmp_path, ensemble, rows, replace(MADE, trained=TRAINED.replace(year=2027)))
    assert json.loads(again)["version"] == json.loads(packed[1])["version"]


def test_rows_of_another_release_are_not_packed(ensemble, rows, tmp_path):
    with pytest.raises(BadArtefact):
        pack(tmp_path, ensemble, rows[:, :-1], MADE)
    with pytest.raises(BadArtefact):
        pack(tmp_path, replace(ensemble, names=NAMES[::-1]), rows, MADE)
    assert list(tmp_path.iterdir()) == []


class Otherwise:
    """A member that does not answer as its numbers do."""

    def __init__(self, fitted):
        self.fitted, self.columns, self.model = fitted, fitted.columns, fitted.model

    def predict(self, x):
        said = self.fitted.predict(x)
        said[7] += 2e-5
        return said


def test_one_row_that_differs_rules_the_graph_out_and_the_card_says_so(ensemble, rows, tmp_path):
    at = ensemble.members.index("boosting")
    fitted = list(ensemble.fitted)
    fitted[at] = Otherwise(fitted[at])
    text = pack(tmp_path, replace(ensemble, fitted=tuple(fitted)), rows, MADE)
    serving = serving_of(served(tmp_path, text), "boosting")
    assert serving.path is ServingPath.SKLEARN
    assert serving.faults == (ArtefactFault.DIFFERS,)
    assert serving.compared == len(rows)
    assert serving.worst == pytest.approx(2e-5, rel=0.01)
    assert "differs from scikit-learn on 1 of 900 rows" in serving.sentence


def test_an_answer_that_is_no_number_counts_as_a_difference(rows):
    one = Linear(Taken(np.array([0]), np.zeros(1)), np.zeros(1), np.ones(1), 6.0, np.ones(1), 0.0)
    graph, right = linear_graph(len(NAMES), one), one.raw(rows)
    assert compare(graph, right, rows).graph == graph
    right[5] = np.nan
    assert compare(graph, right, rows).fault is ArtefactFault.DIFFERS


def test_serving_loads_neither_the_training_code_nor_what_makes_graphs(packed):
    folder, text = packed
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\nfrom random import Random\n"
        "from marketpulse.clock import WallClock\n"
        "from marketpulse.features.full import NAMES\n"
        "from marketpulse.models.opening import open_artefact\n"
        "from marketpulse.models.serving import Served\n"
        f"found = open_artefact(Path({str(folder)!r}), Path({str(folder)!r}, 'text').read_text())\n"
        "served = Served(found, WallClock(), Random(1))\n"
        "p = served.decide(np.zeros(len(NAMES)), 0.5, 0.01).probability\n"
        "roots = {name.split('.')[0] for name in sys.modules}\n"
        "print(found.servings[-1].path, 0 < p < 1,"
        " sorted(roots & {'sklearn', 'skops', 'skl2onnx', 'onnx', 'joblib', 'jax', 'scipy'}))"
    )
    (folder / "text").write_text(text)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "ONNX True []", done.stdout
