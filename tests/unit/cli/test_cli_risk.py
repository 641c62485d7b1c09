"""The verb ``risk`` answers from a file alone; no desk runs here."""

import json

import numpy as np
import pytest
from arch.data import sp500

from marketpulse.cli import main
from marketpulse.risk import loss_estimates

RETURNS = sp500.load()["Adj Close"].pct_change().dropna()
FIELDS = {"var", "es", "rate", "p_kupiec", "p_christoffersen", "p_joint", "zone", "n"}
METHODS = {"historical", "normal", "cornish_fisher", "ewma_t", "monte_carlo", "fhs_gjr", "gjr_skewt"}


@pytest.fixture
def ask(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(tmp_path / "none"))

    def run(text, *words):
        file = tmp_path / "returns.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        code = main(["risk", "--returns", str(file), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def ask_json(ask):
    def run(text, *words):
        code, out, err = ask(text, *words, "--json")
        assert err == ""
        assert "NaN" not in out
        assert "Infinity" not in out
        return code, json.loads(out)

    return run


def lines(values):
    return "".join(f"{value!r}\n" for value in np.asarray(values).tolist())


@pytest.mark.slow
def test_every_method_has_its_numbers_and_its_backtest(ask_json):
    values = RETURNS.to_numpy()[:1300]
    code, said = ask_json(lines(values), "--level", "0.95")
    assert (code, said["returns"], said["level"], said["window"]) == (0, 1300, 0.95, 1000)
    assert set(said["methods"]) == METHODS
    alone = loss_estimates(values, 0.95)
    for name, row in [*said["methods"].items(), ("headline", said["headline"])]:
        assert row.keys() >= FIELDS
        assert row["var"] == alone[name].var.value
        assert row["es"] == alone[name].es.value
        assert row["n"] == 300
        assert 0 <= row["rate"] < 0.15
        assert all(0 <= row[p] <= 1 for p in ("p_kupiec", "p_christoffersen", "p_joint"))
        assert row["zone"] in ("green", "yellow", "red")
    assert said["headline"]["method"] in ("fhs_gjr", "gjr_skewt")


@pytest.mark.slow
def test_a_dated_file_with_a_header_is_read_by_its_column(ask_json):
    rows = RETURNS.iloc[:400]
    dated = "Date,Return,Volume\n" + "".join(f"{d:%Y-%m-%d},{r},1\n" for d, r in rows.items())
    last = "Date;x\n".replace(";", ",") + "".join(f"{d:%Y-%m-%d},{r}\n" for d, r in rows.items())
    bom = b"\xef\xbb\xbfreturns\r\n" + lines(rows).replace("\n", "\r\n").encode()
    answers = [ask_json(text)[1] for text in (lines(rows), dated, last, bom)]
    assert answers[0]["returns"] == 400
    assert all(answer == answers[0] for answer in answers[1:])


def test_under_500_returns_the_headline_is_by_exponential_weights_and_says_so(ask_json):
    _, said = ask_json(lines(RETURNS[:400]))
    assert said["window"] == 100
    assert said["headline"]["method"] == "ewma_t"
    assert "because fewer than 500 returns" in said["headline"]["note"]
    assert said["headline"]["n"] == 300
    gjr = said["methods"]["fhs_gjr"]
    assert gjr["var"] == said["headline"]["var"]
    assert gjr["p_kupiec"] is gjr["zone"] is gjr["rate"] is None
    assert "no backtest with a window of 100 days" in gjr["note"]


def test_between_500_and_600_returns_the_backtest_says_whose_it_is(ask_json):
    _, said = ask_json(lines(RETURNS[:550]))
    assert said["headline"]["method"] in ("fhs_gjr", "gjr_skewt")
    assert "backtest of ewma_t, as 100 days are too few for a fit" in said["headline"]["note"]
    assert said["headline"]["n"] == said["methods"]["ewma_t"]["n"] == 450
    assert said["methods"]["fhs_gjr"]["n"] == 0


def test_with_few_days_to_test_on_what_cannot_be_told_is_null(ask_json):
    _, said = ask_json(lines(RETURNS[:150]))
    row = said["methods"]["historical"]
    assert row["var"] > 0
    assert (row["n"], row["p_kupiec"], row["zone"]) == (50, None, None)
    assert "50 days to test on, fewer than 100" in row["note"]
    _, said = ask_json(lines(RETURNS[:300]))
    row = said["methods"]["historical"]
    assert (row["n"], row["zone"]) == (200, None)
    assert row["p_kupiec"] is not None
    assert "fewer than 250" in row["note"]


BAD = {
    "empty": ("", "0 returns"),
    "a header alone": ("returns\n", "0 returns"),
    "one": ("0.01\n", "1 returns"),
    "constant": ("0.01\n" * 300, "do not vary"),
    "nan": (lines(RETURNS[:300]) + "nan\n", "value 301 of 301 is not a finite number"),
    "inf": ("-inf\n" + lines(RETURNS[:300]), "value 1 of 301 is not a finite number"),
    "a gap": ("d,r\n" + "".join(f"x,{r}\n" for r in RETURNS[:150]) + "x,\n", "value 151 of 151"),
    "huge": ("1e300\n-1e300\n" * 200, "larger than"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_told_is_null_with_a_note(ask_json, name):
    text, why = BAD[name]
    code, said = ask_json(text)
    assert code == 0
    for row in [*said["methods"].values(), said["headline"]]:
        assert row["var"] is row["es"] is row["rate"] is row["p_joint"] is row["zone"] is None
        assert row["n"] == 0
        assert why in row["note"]


UNREADABLE = {
    "words": ("0.01\nhello\n", "Line 2 of"),
    "a short row": ("d,returns\nx,0.1\ny\n", "has no column 2"),
    "another coding": (b"\xff\xfe0\x000\x00", "not a CSV file in UTF-8"),
    "bytes": (bytes(range(256)), "not a CSV file in UTF-8"),
    "nul": (b"0.1\n\x00\n", ""),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_one_sentence(ask, name):
    text, why = UNREADABLE[name]
    code, out, err = ask(text)
    assert (code, out) == (1, "")
    assert why in err
    assert err.count("\n") == 1
    code, out, _ = ask(text, "--json")
    assert json.loads(out)["code"] == "BAD_FILE"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main(["risk", "--returns", str(tmp_path / "none.csv")]) == 1
    assert capsys.readouterr().err.endswith("is not there. [NO_FILE]\n")
    assert main(["risk", "--returns", str(tmp_path)]) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("level", ["99", "0.5", "1", "nan", "x", "-1"])
def test_a_level_that_is_none_is_refused_before_anything_is_read(ask, capsys, level):
    with pytest.raises(SystemExit) as left:
        ask("0.01\n", f"--level={level}")
    assert left.value.code == 2
    assert "a level lies between 0.5 and 1" in capsys.readouterr().err


def test_a_person_gets_a_table_and_the_notes_below(ask):
    code, out, err = ask(lines(RETURNS[:300]))
    assert (code, err) == (0, "")
    assert out.startswith("method")
    assert {line.split()[0] for line in out.splitlines()} >= METHODS | {"headline"}
    assert "because fewer than 500 returns" in out


def test_too_many_rows_are_not_read(ask):
    code, _, err = ask("0.1\n" * 100_001)
    assert code == 1
    assert "100001 rows" in err
