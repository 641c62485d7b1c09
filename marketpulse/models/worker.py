"""The training process: ``python -m marketpulse.models.worker JOBDIR``.

It reads ``panel.npz``, writes ``model.json``, and says one JSON line a step on standard output:
``{"progress": fraction, "note": sentence}``, or ``{"error": sentence}`` before it ends with 1.
It runs at lower priority, so that the desk stays quick.
"""

import json
import os
import sys
from pathlib import Path

from marketpulse.clock import WallClock
from marketpulse.errors import MarketPulseError
from marketpulse.meter.children import lower_priority
from marketpulse.models.job import MODEL, load

__all__ = ["main"]

_ARGUMENTS = 2


def main(arguments: list[str]) -> int:
    """Train once; the exit code is 0 only when ``model.json`` is complete."""
    if len(arguments) != _ARGUMENTS:
        sys.stderr.write("usage: python -m marketpulse.models.worker JOBDIR\n")
        return 2
    lower_priority()
    folder = Path(arguments[1])
    try:
        _report(0.0, "Loading the training code.")
        from marketpulse.models.train import train  # noqa: PLC0415 - scikit-learn is slow to import: say a line first

        job = load(folder)
        text = train(
            job.panel,
            job.benchmark,
            job.cutoff,
            source=job.source,
            trained=WallClock().wall(),
            report=_report,
        )
        _write(folder / MODEL, text)
        _report(1.0, "Trained.")
    except MarketPulseError as error:
        _say({"error": str(error)})
        return 1
    except BrokenPipeError:  # the desk is gone: nobody waits for this model
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the flush at exit must not fail again
        return 1
    return 0


def _report(progress: float, note: str) -> None:
    _say({"progress": round(progress, 4), "note": note})


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _write(path: Path, text: str) -> None:
    """All or nothing: a reader never sees half a model."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
