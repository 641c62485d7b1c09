"""The training process: ``python -m marketpulse.models.worker JOBDIR``.

It reads ``panel.npz``. First it writes today's logistic model, ``model.json``, which serves meanwhile and is
fallen back on; then the ensemble's document, ``trained.json``. It says one JSON line a step on standard output:
``{"progress": fraction, "note": sentence}``, ``{"ready": "logistic"}`` once that is written,
``{"alone": sentence}`` where there is no ensemble and why, ``{"error": sentence}`` before it ends with 1.
It runs at lower priority, so that the desk stays quick.
"""

import json
import os
import sys
from pathlib import Path

from marketpulse.clock import WallClock
from marketpulse.errors import MarketPulseError
from marketpulse.meter.children import lower_priority
from marketpulse.models.job import MODEL, TRAINED, Job, load

__all__ = ["main"]

_ARGUMENTS = 2
_FIRST = 0.08
"""Share of the progress that today's logistic model takes."""


def main(arguments: list[str]) -> int:
    """Train once; the exit code is 0 only when ``model.json`` and what follows it are complete."""
    if len(arguments) != _ARGUMENTS:
        sys.stderr.write("usage: python -m marketpulse.models.worker JOBDIR\n")
        return 2
    lower_priority()
    try:
        _work(Path(arguments[1]))
    except MarketPulseError as error:
        _say({"error": str(error)})
        return 1
    except BrokenPipeError:  # the desk is gone: nobody waits for this model
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the flush at exit must not fail again
        return 1
    return 0


def _work(folder: Path) -> None:
    _report(0.0, "Loading the training code.")
    from marketpulse.models.train import train  # noqa: PLC0415 - scikit-learn is slow to import: say a line first

    job = load(folder)
    text = train(
        job.panel,
        job.benchmark,
        job.cutoff,
        source=job.source,
        trained=WallClock().wall(),
        report=lambda part, note: _report(part if job.simple else _FIRST * part, note),
    )
    _write(folder / MODEL, text)
    _say({"ready": "logistic"})
    if not job.simple:
        _ensemble(folder, job)
    _report(1.0, "Trained.")


def _ensemble(folder: Path, job: Job) -> None:
    """Train the ensemble; a history that is too short for it leaves the logistic model and a sentence."""
    from marketpulse.models.rows import NotTrainable  # noqa: PLC0415 - as above
    from marketpulse.models.training import train_ensemble  # noqa: PLC0415 - as above

    try:
        document = train_ensemble(
            job, WallClock().wall(), lambda part, note: _report(_FIRST + (1.0 - _FIRST) * part, note)
        )
    except NotTrainable as error:
        _say({"alone": str(error)})
    else:
        _write(folder / TRAINED, document)


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
