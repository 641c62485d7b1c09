"""The verb ``signals`` answers from a file alone; no desk runs here."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.worlds import planted
from marketpulse.cli import main
from marketpulse.cli.signals import read_bars
from marketpulse.types import Interval

HEAD = "time,open,high,low,close,volume"
SKILL = {"claimed", "auc", "p_value", "n_oos", "brier_skill"}
BARS, _ = planted("two states", 5, 1_150)


@pytest.fixture
def ask(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(tmp_path / "none"))

    def run(text, *words):
        file = tmp_path / "bars.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        code = main(["signals", "--bars", str(file), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def lines(bars, time=lambda t: t.item()):
    rows = zip(bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    return [f"{time(r[0])}," + ",".join(repr(x.item()) for x in r[1:]) for r in rows]


def text(rows, head=HEAD):
    return "\n".join([head, *rows, ""])


@pytest.mark.slow
def test_probabilities_stand_beside_their_bars_and_the_auc_is_theirs(ask):
    code, out, err = ask(text(lines(BARS)), "--horizon", "5", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    p = np.array([np.nan if v is None else v for v in said["probabilities"]])
    assert len(p) == len(BARS)
    assert np.isnan(p[:800]).all()
    first = int(np.argmax(np.isfinite(p)))
    assert np.isfinite(p[first:]).all()
    rose = BARS.close[5:] > BARS.close[:-5]
    both = np.isfinite(p[:-5])
    skill = said["skill"]
    assert skill.keys() >= SKILL
    assert skill["n_oos"] == both.sum()
    assert skill["auc"] == pytest.approx(roc_auc_score(rose[both], p[:-5][both]), abs=1e-12)
    assert skill["claimed"] is (skill["state"] == "WEAK EDGE")
    assert ask(text(lines(BARS)), "--horizon", "5", "--json")[1] == out


def test_too_short_a_file_is_untrained_and_says_so(ask):
    for n in (0, 1, 100, 300):
        code, out, err = ask(text(lines(BARS)[:n]), "--json")
        assert (code, err) == (0, "")
        said = json.loads(out)
        assert said["probabilities"] == [None] * n
        assert said["skill"].keys() >= SKILL
        assert (said["skill"]["claimed"], said["skill"]["n_oos"], said["skill"]["auc"]) == (False, 0, None)
        assert said["skill"]["why"]


def test_a_person_gets_lines_of_words(ask):
    code, out, err = ask(text(lines(BARS)[:300]))
    assert (code, err) == (0, "")
    assert "NO EDGE SHOWN" in out
    assert "{" not in out


@pytest.mark.parametrize(
    "time",
    [
        lambda t: datetime.fromtimestamp(int(t), UTC).date().isoformat(),
        lambda t: datetime.fromtimestamp(int(t), UTC).isoformat(),
        lambda t: datetime.fromtimestamp(int(t), UTC).strftime("%Y-%m-%d %H:%M:%S"),
        lambda t: f"{int(t)}.0",
        lambda t: int(t) * 1000,
    ],
)
def test_times_are_read_as_people_write_them(tmp_path, time):
    file = tmp_path / "x.csv"
    file.write_text(text(lines(BARS[:50], time)))
    np.testing.assert_array_equal(read_bars(file).time, BARS.time[:50])


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path):
    file = tmp_path / "x.csv"
    rows = [f"{r.split(',')[5]},x,{','.join(r.split(',')[:5])}" for r in lines(BARS[:50])]
    file.write_bytes(
        b"\xef\xbb\xbf" + text(rows, " Volume,note,Time,OPEN,high,low,close").replace("\n", "\r\n").encode()
    )
    found = read_bars(file)
    np.testing.assert_array_equal(found.close, BARS.close[:50])
    np.testing.assert_array_equal(found.volume, BARS.volume[:50])
    assert found.interval is Interval.DAY


def test_an_empty_cell_and_nan_are_kept_as_unknown(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text(text(["1,1,1,1,,5", "2,1,1,1,nan,5", "3,1,1,1,inf,"]))
    assert np.isnan(read_bars(file).close[:2]).all()
    assert np.isnan(read_bars(file).volume[2])


@pytest.mark.parametrize(("step", "interval"), [(3_600, Interval.HOUR), (60, Interval.MINUTE)])
def test_how_long_a_bar_lasts_is_told_by_its_times(tmp_path, step, interval):
    file = tmp_path / "x.csv"
    file.write_text(text([f"{i * step},1,1,1,1,1" for i in range(9)]))
    assert read_bars(file).interval is interval


UNREADABLE = {
    "nothing": ("", "is empty"),
    "no head": ("\n".join(lines(BARS[:5])), "has no column time"),
    "a column short": ("time,open,high,low,close\n1,1,1,1,1\n", "has no column volume"),
    "words": (f"{HEAD}\n1,1,1,1,hello,1\n", "Line 2 of"),
    "no time": (f"{HEAD}\nyesterday,1,1,1,1,1\n", "which is none"),
    "an endless time": (f"{HEAD}\n1e999,1,1,1,1,1\n", "which is none"),
    "time that is nan": (f"{HEAD}\nnan,1,1,1,1,1\n", "which is none"),
    "a huge time": (f"{HEAD}\n1e30,1,1,1,1,1\n", "which is none"),
    "a short row": (f"{HEAD}\n1,1,1\n", "has no column 4"),
    "twice the same": (f"{HEAD}\n1,1,1,1,1,1\n1,1,1,1,1,1\n", "Line 3 of"),
    "backwards": (f"{HEAD}\n2,1,1,1,1,1\n1,1,1,1,1,1\n", "is not later than the line before it"),
    "another coding": (b"\xff\xfe0\x000\x00", "not a CSV file in UTF-8"),
    "bytes": (bytes(range(256)), "not a CSV file in UTF-8"),
    "too long": (HEAD + "\n" + "1,1,1,1,1,1\n" * 50_001, "50001 bars"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_one_sentence(ask, name):
    content, why = UNREADABLE[name]
    code, out, err = ask(content)
    assert (code, out) == (1, "")
    assert why in err
    assert err.count("\n") == 1
    code, out, _ = ask(content, "--json")
    assert code == 1
    assert json.loads(out)["code"] == "BAD_FILE"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main(["signals", "--bars", str(tmp_path / "none.csv")]) == 1
    assert capsys.readouterr().err.endswith("is not there. [NO_FILE]\n")
    assert main(["signals", "--bars", str(tmp_path)]) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    ["0,0,0,0,0", "-1,-1,-1,-1,-1", "nan,nan,nan,nan,nan", "5,5,5,5,0", "1e308,1e308,1e-308,1e308,1e308"],
)
def test_strange_prices_are_an_answer_without_a_probability(ask, content):
    code, out, err = ask(text([f"{86_400 * i},{content}" for i in range(400)]), "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["skill"]["claimed"] is False


@pytest.mark.parametrize("horizon", ["0", "64", "-1", "x", "5.0", "²"])
def test_a_horizon_that_is_none_is_refused_before_anything_is_read(ask, capsys, horizon):
    with pytest.raises(SystemExit) as left:
        ask(text([]), f"--horizon={horizon}")
    assert left.value.code == 2
    assert "a horizon is 1 to 63 bars" in capsys.readouterr().err
