"""Compare the chart's indicators with published spreadsheets that are too large to be part of the project.

Run by hand: ``python tests/drive/indicator_references.py REFERENCES.json FOLDER``. The first names, for
each spreadsheet, a file of daily bars in the folder, some rows, and what stands there; the numbers are
those of Stock.Indicators' ``tests/indicators/_testdata`` for its ``default.csv``.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from marketpulse.features.chart import chart
from marketpulse.features.classic import draw
from marketpulse.features.indicators import adx
from marketpulse.features.turnover import money_flow
from marketpulse.types import Bars, Interval


def read(path: Path) -> Bars:
    with path.open(encoding="utf-8-sig") as file:
        rows = [{k.lower(): v for k, v in row.items()} for row in csv.DictReader(file)]
    columns = [np.array([float(r[c]) for r in rows]) for c in ("open", "high", "low", "close", "volume")]
    return Bars("X", Interval.DAY, 86_400 * np.arange(len(rows)), *columns, "spreadsheet")


def lines(bars: Bars) -> dict[str, list[tuple[str, np.ndarray]]]:
    shown, more = chart(bars), draw(bars, ["cci_20", "mfi_14", "adx_14"])
    return {
        "rsi": [("chart", shown["rsi"])],
        "obv": [("chart", shown["obv"] - bars.volume[0])],  # the spreadsheet starts at zero
        "cci": [("chart", more["cci"])],
        "mfi": [
            ("chart", more["mfi"]),
            ("feature", 50 + 50 * money_flow(bars.high, bars.low, bars.close, bars.volume)),
        ],
        "adx": [("chart", more["adx"]), ("feature", adx(bars.high, bars.low, bars.close))],
        "pdi": [("chart", more["plus_di"])],
        "mdi": [("chart", more["minus_di"])],
        "oscillator": [("chart", shown["k"])],
        "signal": [("chart", shown["d"])],
    }


def main(references: str, folder: str) -> int:
    missed = 0
    for case in json.loads(Path(references).read_text())["refs"]:
        if "file" not in case["inputs"]:
            continue
        found = lines(read(Path(folder) / Path(case["inputs"]["file"]).name))
        for column, expected in case["expected"].items():
            for ours, line in found[column]:
                apart = np.abs(line[case["inputs"]["bars_0based"]] - expected).max()
                missed += not apart <= case["tolerance_abs"]
                print(f"{column:<12}{ours:<9}{apart:.1e} apart, {case['tolerance_abs']:g} allowed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
