import json
import os
import runpy
import sys

import httpx
import pytest

from marketpulse.cli import main, running_sentence, starting
from marketpulse.cli.finding import NoDesk, find
from marketpulse.cli.output import table, text
from marketpulse.errors import ConfigError

VERBS = [
    ["health"],
    ["quote", "AAPL"],
    ["order", "buy", "1", "IBM"],
    ["orders"],
    ["cancel", "x"],
    ["halt"],
    ["resume"],
]


class Failing(httpx.BaseTransport):
    """A desk that answers every request in one wrong way."""

    def __init__(self, answer):
        self.answer = answer

    def handle_request(self, _):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def failing(terminal):
    def ask(answer, *words):
        code = main(list(words), transport=Failing(answer))
        return code, terminal.capsys.readouterr().err

    return ask


@pytest.mark.parametrize("words", VERBS)
def test_without_a_desk_there_is_one_sentence_and_exit_three(terminal, words):
    (terminal.folder / "desk.json").unlink()
    code, out, err = terminal.run(*words)
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert "python -m marketpulse start" in err
    code, answer = terminal.json(*words)
    assert (code, answer["code"]) == (3, "NO_DESK")


@pytest.mark.parametrize("held", ["", "{", "[]", "{}", '{"pid": "x", "url": ""}', "null"])
def test_a_broken_desk_file_is_no_desk(terminal, held):
    (terminal.folder / "desk.json").write_text(held)
    code, _, err = terminal.run("health")
    assert code == 3
    assert "desk.json" in err


def test_a_desk_that_is_starting_is_said(terminal):
    terminal.announce("")
    code, _, err = terminal.run("health")
    assert code == 3
    assert f"process {os.getpid()}" in err
    assert "starting" in err


@pytest.mark.parametrize(
    "url", ["http://rebound.example:8501", "http://192.168.1.5:8501", "http://127.0.0.1.evil.example"]
)
def test_the_token_is_never_sent_to_another_machine(terminal, url):
    terminal.announce(url)
    code, _, err = terminal.run("health")
    assert code == 3
    assert "nothing was sent" in err


def test_without_its_token_nothing_is_asked(terminal):
    (terminal.folder / "api-token").unlink()
    code, _, err = terminal.run("health")
    assert code == 3
    assert "api-token" in err


def test_the_token_is_in_no_text_of_a_desk_found(terminal):
    assert terminal.token not in repr(find(terminal.folder))


def test_a_desk_that_died_is_said_with_its_process(failing):
    code, err = failing(httpx.ConnectError("refused"), "health")
    assert code == 3
    assert f"process {os.getpid()} has ended" in err


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("garbage"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(500, json={"code": "INTERNAL", "message": "It failed."}),
        httpx.Response(502, text="bad gateway"),
    ],
)
def test_a_desk_that_fails_ends_in_four(failing, answer):
    code, err = failing(answer, "health")
    assert code == 4
    assert err.count("\n") == 1


def test_a_lost_answer_to_an_order_says_how_to_ask_again(failing):
    code, err = failing(httpx.ReadTimeout("slow"), "order", "buy", "1", "IBM", "--key", "mine")
    assert code == 4
    assert "send it again with --key mine" in err


@pytest.mark.parametrize(
    "words",
    [[], ["nothing"], ["quote"], ["order"], ["order", "hold", "1", "IBM"], ["order", "buy", "1"], ["health", "extra"],
     ["order", "buy", "1", "IBM", "--type", "iceberg"], ["order", "buy", "1", "IBM", "--tif", "ever"]],
)  # fmt: skip
def test_a_wrong_command_line_ends_in_two(words):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2


def test_help_names_every_verb_and_exit_code(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    for verb in ("start", "health", "quote", "order", "orders", "cancel", "halt", "resume"):
        assert f"\n    {verb} " in said
    assert "exit codes:" in said


def test_the_module_runs_as_a_program(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["marketpulse", "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("marketpulse", run_name="__main__")
    assert stopped.value.code == 0
    assert "python -m marketpulse" in capsys.readouterr().out


def test_start_becomes_the_server_with_this_interpreter(terminal, monkeypatch):
    (terminal.folder / "desk.json").unlink()
    became = []
    monkeypatch.setattr(starting.os, "name", "posix")
    monkeypatch.setattr(starting.os, "execv", lambda program, words: became.append((program, words)))
    monkeypatch.setattr(starting.subprocess, "run", lambda *_, **__: type("Ended", (), {"returncode": 0}))
    assert main(["start", "--json", "--server.port", "8600"]) == 0
    ((program, words),) = became
    assert program == sys.executable
    assert words[1:4] == ["-m", "streamlit", "run"]
    assert words[4].endswith("app.py")
    assert words[5:] == ["--server.port", "8600"]
    said = json.loads(terminal.capsys.readouterr().out)
    assert said == {"command": words, "pid": os.getpid()}


def test_start_beside_a_running_desk_names_it(terminal, monkeypatch):
    sentence = f"A desk runs on {terminal.folder} already: process 4711 at http://127.0.0.1:8501."
    monkeypatch.setattr(starting, "running_sentence", lambda _: sentence)
    code, out, err = terminal.run("start")
    assert (code, out, err) == (1, "", f"{sentence} [RUNNING]\n")


def test_start_outside_the_source_tree_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"app\.py is missing"):
        starting.command((), tmp_path / "app.py")


def test_who_runs_is_nobody_without_a_file_or_behind_a_dead_one(terminal):
    terminal.announce("http://127.0.0.1:9", pid=4711)  # the discard port: nobody listens
    assert running_sentence(terminal.folder) == ""
    (terminal.folder / "desk.json").unlink()
    assert running_sentence(terminal.folder) == ""
    with pytest.raises(NoDesk):
        find(terminal.folder)


def test_cells_hold_no_control_characters():
    assert text("a\x1b[31mred\n") == "a [31mred "
    assert (text(None), text(""), text(True), text(False), text(0)) == ("-", "-", "yes", "no", "0")
    assert table(("a", "bb"), [("ccc", None)]) == "a    bb\nccc  -\n"
