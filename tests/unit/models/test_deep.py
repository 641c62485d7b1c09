import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from walks import TRAINED, walk

from marketpulse.clock import SimClock
from marketpulse.features.full import NAMES
from marketpulse.models import deep as room
from marketpulse.models.deep import LEAST_ROWS, blocks, open_deep, sequences, train_deep
from marketpulse.models.panel import build_panel
from marketpulse.models.recurrent import COLUMNS, STEPS, Weights, forward
from marketpulse.models.rows import NotTrainable
from marketpulse.models.session import BadArtefact
from marketpulse.signals.calibrate import LEAST, MOST
from marketpulse.types import ArtefactFault, Interval, ServingPath

CLOCK = SimClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def panel():
    bars = [walk(symbol, 1_500, seed) for seed, symbol in enumerate(("AAA", "BBB"))]
    return build_panel(bars, walk("^M", 1_500, 9), 5)


def drawn(inputs, seed=1):
    rng = np.random.default_rng(seed)
    return Weights(
        0.3 * rng.normal(size=(32, inputs)),
        0.3 * rng.normal(size=(32, 8)),
        np.zeros(32),
        rng.normal(size=8),
        0.1,
    )


def no_training(x, y, later_x, later_y):
    """A network that nothing was learned by, and its own arithmetic."""
    assert len(x) == len(y)
    assert len(later_x) == len(later_y)
    network = drawn(x.shape[2])
    return network, lambda rows: forward(network, rows)


def trained(folder, panel, fit=no_training):
    return train_deep(folder, panel, Interval.DAY, fit, source="test", data="ab", trained=TRAINED)


@pytest.fixture(scope="module")
def written(panel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return folder, trained(folder, panel)


def opened(folder, interval=Interval.DAY):
    return open_deep(folder, interval, CLOCK, Random(1))


def test_a_sequence_is_of_one_instrument_and_ends_in_its_row(panel):
    found = sequences(panel)
    at = [panel.names.index(name) for name in COLUMNS]
    assert found.x.shape[1:] == (STEPS, len(COLUMNS))
    assert (np.diff(panel.time[found.row]) >= 0).all()
    for i in (0, 1, 500, -1):
        row = found.row[i]
        own = np.flatnonzero(panel.symbol == panel.symbol[row])
        place = int(np.searchsorted(own, row))
        expected = panel.x[own[place - STEPS + 1 : place + 1]][:, at]
        np.testing.assert_array_equal(found.x[i], np.clip(expected, -6, 6))


def test_a_gap_in_the_bars_breaks_the_sequences_across_it(panel):
    bar = panel.bar.copy()
    bar[len(bar) // 2 :] += 1
    whole, broken = sequences(panel), sequences(replace(panel, bar=bar))
    assert len(whole.row) - len(broken.row) == 2 * (STEPS - 1)


def test_instruments_with_too_few_bars_have_no_sequence(panel):
    none = replace(panel, symbol=np.arange(len(panel)), symbols=tuple(map(str, range(len(panel)))))
    with pytest.raises(NotTrainable, match="not one whole sequence"):
        sequences(none)


def test_no_answer_of_a_block_is_decided_in_a_later_one(panel):
    row = sequences(panel).row
    parts = blocks(panel, row)
    order = [parts.train, parts.stop, parts.calibrate, parts.score]
    for before, after in pairwise(order):
        assert panel.end[row[before]].max() < panel.time[row[after]].min()
    assert sum(map(len, order)) == len(row) - 3 * 2 * panel.horizon


def test_what_is_written_says_what_the_network_says(written, panel):
    folder, manifest = written
    deep, serving = opened(folder)
    (record,) = manifest.members
    assert serving.path is ServingPath.ONNX
    assert serving.compared == record.compared == len(sequences(panel).row)
    assert serving.worst < 1e-5
    assert "Brier skill" in serving.sentence
    own = np.flatnonzero(panel.symbol == 0)
    values = panel.x[own[-60:]]
    ballot = deep.vote(values, 0.5)
    at = [NAMES.index(name) for name in COLUMNS]
    right = forward(drawn(len(COLUMNS)), np.clip(values[None, -STEPS:, at], -6, 6))
    assert ballot.raw == pytest.approx(right[0], abs=1e-6)
    assert LEAST <= ballot.probability <= MOST


def test_a_network_that_learned_nothing_is_not_believed(written):
    (record,) = written[1].members
    assert record.kept < 0.3
    assert record.skill < 0.01


def test_a_sequence_that_is_not_whole_is_an_abstention(written, panel):
    deep, _ = opened(written[0])
    own = np.flatnonzero(panel.symbol == 0)
    values = panel.x[own[-60:]].copy()
    assert deep.vote(values[-STEPS + 1 :], 0.5).probability is None
    values[-3, NAMES.index("gap")] = np.nan
    ballot = deep.vote(values, 0.5)
    assert (ballot.raw, ballot.probability, ballot.share) == (None, None, 0.0)
    assert deep.seat.health().trouble == ""


@pytest.mark.parametrize(
    ("interval", "todo"), [(Interval.DAY, "make train-deep"), (Interval.MINUTE, "real days")]
)
def test_without_an_artefact_it_says_so_and_what_to_do(tmp_path, interval, todo):
    deep, serving = opened(tmp_path, interval)
    assert deep is None
    assert (serving.path, serving.faults) == (ServingPath.NONE, (ArtefactFault.MISSING,))
    assert todo in serving.sentence
    assert "The ensemble goes on without it" in serving.sentence


def damage(folder, kind):
    pointer = folder / "lstm-1d.json"
    text = pointer.read_text()
    graph = next(path for path in folder.rglob("*.onnx"))
    content = graph.read_bytes()
    if kind == "byte":
        graph.write_bytes(content[:500] + bytes([content[500] ^ 8]) + content[501:])
    elif kind == "cut":
        graph.write_bytes(content[:-100])
    elif kind == "gone":
        graph.unlink()
    elif kind == "changed":
        pointer.write_text(text.replace('"horizon":5', '"horizon":1'))
    elif kind == "garbage":
        pointer.write_bytes(b"\xff\xfe\x00")
    elif kind == "ensemble":
        pointer.write_text("[1, 2]")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("byte", ArtefactFault.HASH),
        ("cut", ArtefactFault.HASH),
        ("gone", ArtefactFault.MISSING),
        ("changed", ArtefactFault.HASH),
        ("garbage", ArtefactFault.MISSING),
        ("ensemble", ArtefactFault.SCHEMA),
    ],
)
def test_a_spoilt_artefact_is_not_used(panel, tmp_path, kind, fault):
    trained(tmp_path, panel)
    damage(tmp_path, kind)
    deep, serving = opened(tmp_path)
    assert deep is None
    assert (serving.path, serving.faults) == (ServingPath.NONE, (fault,))


def test_another_release_s_features_are_refused(panel, tmp_path, monkeypatch):
    trained(tmp_path, panel)
    monkeypatch.setattr(room, "VERSION", "f" * 16)
    assert opened(tmp_path)[1].faults == (ArtefactFault.SCHEMA,)


def test_a_graph_that_differs_is_not_written(panel, tmp_path):
    def other(*data):
        network, say = no_training(*data)
        return network, lambda rows: say(rows) + 2e-5

    with pytest.raises(BadArtefact, match="differs"):
        trained(tmp_path, panel, other)
    assert list(tmp_path.iterdir()) == []


def test_too_few_sequences_fit_no_network(tmp_path):
    short = build_panel([walk("AAA", 900, 1)], walk("^M", 900, 9), 5)
    with pytest.raises(NotTrainable, match=f"needs {LEAST_ROWS:,} sequences"):
        trained(tmp_path, short)


def test_without_a_benchmark_the_market_is_no_input(tmp_path):
    alone = build_panel([walk(symbol, 1_500, seed) for seed, symbol in enumerate("ABC")], None, 5)
    (record,) = trained(tmp_path, alone).members
    assert record.columns == tuple(name for name in COLUMNS if name != "market_5")
    assert opened(tmp_path)[0] is not None


def test_serving_loads_no_jax(written):
    code = (
        "import sys\nfrom pathlib import Path\nfrom random import Random\n"
        "from marketpulse.clock import WallClock\n"
        "from marketpulse.models.deep import open_deep\nfrom marketpulse.types import Interval\n"
        f"_, serving = open_deep(Path({str(written[0])!r}), Interval.DAY, WallClock(), Random(1))\n"
        "roots = {name.split('.')[0] for name in sys.modules}\n"
        "print(serving.path, sorted(roots & {'jax', 'jaxlib', 'sklearn', 'onnx', 'skops'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "ONNX []", done.stdout


needs_jax = pytest.mark.skipif(
    find_spec("jax") is None, reason="needs the extra of requirements-deep.txt: make train-deep"
)


@needs_jax
@pytest.mark.slow
def test_a_planted_memory_is_learned_and_exported(panel, tmp_path):
    """The answer is the sign of an input ten bars ago: only a memory finds it."""
    from marketpulse.models.deep_fit import fit  # noqa: PLC0415  needs the extra

    found = sequences(panel)
    y = panel.y.copy()
    y[found.row] = (found.x[:, -10, 0] > 0.0).astype(float)
    planted = replace(panel, y=y)
    (record,) = trained(tmp_path, planted, fit).members
    assert record.skill > 0.05
    assert record.worst <= 1e-5
    again = trained(tmp_path, planted, fit).members[0]
    assert again.onnx.sha256 == record.onnx.sha256
    assert json.loads((tmp_path / "lstm-1d.json").read_text())["libraries"]["jax"]
