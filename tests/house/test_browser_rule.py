"""Without a Chromium the browser tests are skipped with one loud last line, or fail where one is required."""

import os
import subprocess
import sys

import pytest
from house.catalogue import ROOT

SUITE = """
import pytest

@pytest.mark.browser
def test_screen(browser):
    assert browser.version

def test_other():
    pass
"""


def run(folder, **environment):
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(folder),
            str(folder),
        ],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("MP_TEST_")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_no_chromium_skips_with_one_loud_line_at_the_end(tmp_path):
    code, said = run(tmp_path, MP_TEST_CHROMIUM="/nowhere/chromium")
    assert code == 0, said
    assert "1 passed, 1 skipped" in said
    last = said.rstrip().splitlines()[-1]
    assert last.startswith("!!! NO CHROMIUM FOUND: 1 browser tests WERE NOT RUN")


def test_no_chromium_fails_where_one_is_required(tmp_path):
    code, said = run(tmp_path, MP_TEST_CHROMIUM="/nowhere/chromium", MP_TEST_REQUIRE_BROWSER="1")
    assert code == 1, said
    assert "1 passed, 1 error" in said
    assert "NO CHROMIUM FOUND: 1 browser tests failed" in said


@pytest.mark.browser
def test_the_browser_starts(tmp_path):
    code, said = run(tmp_path)
    assert code == 0, said
    assert "2 passed" in said
    assert "NO CHROMIUM" not in said
