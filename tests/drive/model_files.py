"""Spoil a desk's trained models in every way and see what it says: one desk for each, on a copy of a folder.

The folder is one that ``python -m marketpulse train --feed replay`` has filled; with a network from
``make train-deep`` in it that is spoilt too. Prints a line for each way, and ends with status 1 where a desk halted,
logged a traceback, said nothing, or ran what a pickle told it to. Not part of the suite: a minute.
``python tests/drive/model_files.py FOLDER``.
"""

import hashlib
import os
import pickle
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from marketpulse.desk import Desk
from marketpulse.settings import load

PATIENCE = 20.0
_ROW = "FROM model_registry WHERE name = 'ensemble-equity'"


class Trap:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def document(folder: Path, change) -> None:
    """Change the stored document and its hash with it, as somebody would who can write there."""
    with closing(sqlite3.connect(folder / "replay" / "market.db")) as store, store:
        text = change(store.execute(f"SELECT model {_ROW}").fetchone()[0])
        found = hashlib.sha256(text.encode()).hexdigest()
        store.execute(
            "UPDATE model_registry SET model = ?, sha256 = ? WHERE name = 'ensemble-equity'", (text, found)
        )


def behind(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "replay" / "market.db")) as store, store:
        store.execute("UPDATE model_registry SET model = model || ' ' WHERE name = 'ensemble-equity'")


def files(folder: Path, kind: str = "*") -> list[Path]:
    return [p for p in (folder / "replay" / "models").glob(f"*/{kind}") if p.is_file()]


def network(folder: Path) -> list[Path]:
    return list((folder / "models").glob("*/*.onnx"))


def ways(mark: Path):
    """Name and deed of each."""
    trap = pickle.dumps(Trap(mark))
    return {
        "nothing": lambda _: None,
        "every file with one bit turned": lambda f: [flip(p) for p in files(f)],
        "every file empty": lambda f: [p.write_bytes(b"") for p in files(f)],
        "graphs missing": lambda f: [p.unlink() for p in files(f, "*.onnx")],
        "folder missing": lambda f: shutil.rmtree(f / "replay" / "models"),
        "a pickle under every name": lambda f: [p.write_bytes(trap) for p in files(f)],
        "document cut": lambda f: document(f, lambda text: text[:-40]),
        "document of another schema": lambda f: document(f, lambda text: text.replace('"schema":1', '"schema":9')),
        "document is a web page": lambda f: document(f, lambda _: "<html>503</html>"),
        "document changed behind its hash": behind,
        "network with one bit turned": lambda f: [flip(p) for p in network(f)],
    }  # fmt: skip


def seen(folder: Path) -> tuple[str, list[str]]:
    """Open a desk, wait for its word on one share, and say what it said and what is wrong with that."""
    given = {
        "MARKETPULSE_FEED": "replay",
        "MARKETPULSE_DATA_DIR": str(folder),
        "MARKETPULSE_RETRAIN_DAYS": "365",
    }
    shutil.rmtree(folder / "logs", ignore_errors=True)
    with Desk.open(load(given, folder / "none")) as desk:
        until = time.monotonic() + PATIENCE
        signal = None
        while time.monotonic() < until and not (signal and signal.model):
            signal = desk.snapshot().signals.get("AAPL")
            time.sleep(0.2)  # a person's glance
        now = desk.snapshot()
    log = "".join(p.read_text() for p in (folder / "logs").glob("*"))
    wrong = [
        *(["it halted"] if now.halt else []),
        *(["a traceback is in the log"] if "Traceback" in log else []),
        *([] if signal and signal.model else ["no model speaks"]),
    ]
    served = f"{signal.model} by {signal.served}" if signal else "nothing"
    deep = now.models[0].deep[0] if now.models and now.models[0].deep else ""
    return " | ".join((served, f"{len(signal.votes) if signal else 0} votes", *now.notes, deep)), wrong


def main(source: Path) -> int:
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        mark = Path(scratch) / "ran"
        for number, (name, spoil) in enumerate(ways(mark).items()):
            folder = Path(scratch) / str(number)
            shutil.copytree(source, folder)
            spoil(folder)
            said, wrong = seen(folder)
            labelled = name == "nothing" or "A model's files: " in said or "is not used" in said
            wrong += [] if labelled else ["nothing is said of it"]
            wrong += ["what was pickled ran"] if mark.exists() else []
            bad += bool(wrong)
            print(f"{name:34} {'; '.join(wrong) or 'runs on'}: {said}"[:400], flush=True)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
