"""Read the command line, find the desk, run one verb, and turn what happened into an exit code."""

import argparse
import os
import sys
import threading
from collections.abc import Sequence

import httpx

from marketpulse import settings
from marketpulse.cli.arguments import parser
from marketpulse.cli.client import Client, NoAnswer, Said
from marketpulse.cli.finding import find
from marketpulse.cli.keeping import KEEPING
from marketpulse.cli.ordering import REFUSED, Pause
from marketpulse.cli.output import as_json, text
from marketpulse.cli.starting import start
from marketpulse.cli.verbs import VERBS
from marketpulse.clock import WallClock
from marketpulse.errors import ConfigError, MarketPulseError

__all__ = ["main"]

_NO_DESK, _NO_ANSWER = 3, 4
_UNREAD = 141  # as a shell tells of a program that SIGPIPE has ended


def main(
    argv: Sequence[str] | None = None,
    transport: httpx.BaseTransport | None = None,
    pause: Pause | None = None,
) -> int:
    """Run one verb and return the exit code (see ``--help``).

    Parameters
    ----------
    argv : the words after the program's name; None reads the real ones
    transport, pause : how to reach the desk and how to wait; tests pass their own
    """
    try:
        code = _main(argv, transport, pause)
        sys.stdout.flush()
    except BrokenPipeError:  # as in ``health | head -1``: whoever read it has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the last flush must not fail again
        return _UNREAD
    return code


def _main(argv: Sequence[str] | None, transport: httpx.BaseTransport | None, pause: Pause | None) -> int:
    top = parser()
    args, more = top.parse_known_args(argv)
    if more and args.verb != "start":
        top.error(f"unrecognized arguments: {' '.join(more)}")
    data_dir = settings.load().settings.data_dir
    try:
        if args.verb == "start":
            return start(data_dir, more, sys.stdout, json=args.json, again=args.again)
        if args.verb in {"risk", "signals"}:
            return _from_a_file(args)
        if args.verb in {"train", "train-deep"}:
            return _training(args)
        if args.verb in KEEPING:
            return KEEPING[args.verb](data_dir, args, sys.stdout, WallClock())
        with Client(find(data_dir), transport) as client:
            return VERBS[args.verb](client, args, sys.stdout, pause or threading.Event().wait)
    except MarketPulseError as error:
        return _tell(error, json=args.json)


def _from_a_file(args: argparse.Namespace) -> int:
    """Answer from a file alone; the other verbs need no mathematics, so it is loaded here."""
    if args.verb == "risk":
        from marketpulse.cli.risk import risk  # noqa: PLC0415  as said

        return risk(args, sys.stdout)
    from marketpulse.cli.signals import signals  # noqa: PLC0415  as said

    return signals(args, sys.stdout)


def _training(args: argparse.Namespace) -> int:
    """Train models; loaded here for the same reason."""
    held = settings.load().settings
    if args.verb == "train":
        from marketpulse.cli.train import train  # noqa: PLC0415  as said

        return train(held, args, sys.stdout, WallClock())
    from marketpulse.cli.deep import deep  # noqa: PLC0415  as said

    return deep(held, args, sys.stdout, WallClock())


def _tell(error: MarketPulseError, *, json: bool) -> int:
    code, status = {
        Said: (getattr(error, "code", ""), REFUSED),
        NoAnswer: ("NO_ANSWER", _NO_ANSWER),
    }.get(type(error), ("NO_DESK" if isinstance(error, ConfigError) else "ERROR", _NO_DESK))
    sentence = text(error)
    if json:
        sys.stdout.write(as_json({"code": code, "message": sentence}))
    else:
        sys.stderr.write(f"{sentence} [{code}]\n" if status == REFUSED else f"{sentence}\n")
    return status
