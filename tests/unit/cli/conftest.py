"""The command line against a real REST door around a fake desk, joined without a socket."""

import json
import os
import secrets
import threading
import warnings

import pytest
from fakes import FakeDesk, snapshot

from marketpulse.api import Gate, build
from marketpulse.cli import main

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client prefers another httpx than the one the project pins
    from starlette.testclient import TestClient


class Terminal:
    """Run ``python -m marketpulse`` in a folder where a desk runs, and keep what it wrote."""

    def __init__(self, folder, capsys, client, desk, token):
        self.folder = folder
        self.capsys = capsys
        self.client = client
        self.desk = desk
        self.token = token
        self.pauses = []
        self.on_pause = lambda: None
        (folder / "api-token").write_text(token + "\n")
        self.announce("http://127.0.0.1:8501")

    def announce(self, url, pid=None):
        (self.folder / "desk.json").write_text(json.dumps({"pid": pid or os.getpid(), "url": url}))

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.on_pause()

    def run(self, *words):
        """Return (exit code, stdout, stderr)."""
        code = main(list(words), transport=self.client._transport, pause=self.pause)
        said = self.capsys.readouterr()
        assert self.token not in said.out + said.err
        return code, said.out, said.err

    def json(self, *words):
        """Return (exit code, the JSON it wrote)."""
        code, out, err = self.run(*words, "--json")
        assert err == ""
        return code, json.loads(out)


@pytest.fixture(scope="session")
def served():
    """One application for all tests; ``desk`` is what it serves now."""
    held = {"number": 0}
    token = secrets.token_urlsafe(32)
    api = build(token, lambda: held["desk"], threading.Event(), lambda *_: None)
    return held, TestClient(Gate(api), base_url="http://127.0.0.1:8501"), token


@pytest.fixture
def terminal(served, tmp_path, capsys, monkeypatch):
    held, client, token = served
    held["number"] += 1000  # Snapshots are numbered upwards, as a process's are
    held["desk"] = FakeDesk(snapshot(number=held["number"]))
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(tmp_path))
    return Terminal(tmp_path, capsys, client, held["desk"], token)
