"""The floors of the house, as import-linter reads them from pyproject.toml."""

import shutil
import subprocess
import sys

import pytest
from house.catalogue import ROOT, tree

LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command as lint; lint()",
    "--no-logo",
]

BREACHES = {
    "a lower floor imports a higher one": (
        "floors",
        "marketpulse/guard/breach.py",
        "import marketpulse.storage",
    ),
    "a room imports its neighbour": ("floors", "marketpulse/risk/breach.py", "import marketpulse.signals"),
    "a room stands on no floor": ("floors", "marketpulse/attic.py", ""),
    "maths asks the network": ("pure", "marketpulse/features/breach.py", "import httpx"),
    "maths asks the clock": ("pure", "marketpulse/performance/breach.py", "import marketpulse.clock"),
    "the library draws": ("screen", "marketpulse/api/breach.py", "import streamlit"),
    "the market speaks SQL": ("tables", "marketpulse/market/breach.py", "import sqlalchemy"),
    "a page speaks SQL": ("tables", "pages/breach.py", "import sqlite3"),
    "a page asks a room": ("pages", "pages/breach.py", "import marketpulse.market.board"),
    "a page looks behind the types": ("pages", "pages/breach.py", "import marketpulse.types.order"),
}


def lint(folder, cache, *options):
    done = subprocess.run(
        [*LINT, "--cache-dir", str(cache), *options], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("import-linter")


@pytest.fixture
def copy(tmp_path):
    for path in tree():
        if path.endswith(".py") and path.startswith(("marketpulse/", "pages/")):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_every_import_contract(cache):
    code, said = lint(ROOT, cache)
    assert code == 0, said


@pytest.mark.parametrize("breach", BREACHES)
def test_a_planted_import_is_caught(breach, copy, cache):
    contract, path, statement = BREACHES[breach]
    (copy / path).write_text(statement)
    code, said = lint(copy, cache, "--contract", contract)
    assert code == 1, said
    assert "1 broken" in said, said
