"""Training beside the desk: one child process at a time, its progress, and its end."""

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from marketpulse.errors import MarketPulseError
from marketpulse.meter import Meter
from marketpulse.meter.children import spawn
from marketpulse.models.document import decode
from marketpulse.models.job import MODEL, Job, save
from marketpulse.types import Bars, ModelStage, ModelStatus

__all__ = ["Trainer"]

_FAULT = "training"
_LOG = "worker.log"
_RUN = "run-"
_WAIT = 5.0
_CRASHED = "Training ended unexpectedly; the desk works on without a model."


class Trainer:
    """Start a training, watch it, take its result.

    ``start`` and ``close`` belong to one thread; ``status`` and ``result`` may be asked from any.

    Parameters
    ----------
    job_dir : a folder of ours; each run works in a folder of its own below it
    meter : is told of every training that fails
    """

    def __init__(self, job_dir: Path, meter: Meter) -> None:
        self._job_dir = job_dir
        self._meter = meter
        self._lock = threading.Lock()
        self._status = ModelStatus(ModelStage.WAITING, 0.0, "No training has been asked for yet.")
        self._text: str | None = None
        self._child: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._folder: Path | None = None

    def start(self, panel: Sequence[Bars], benchmark: Bars | None, cutoff: datetime, source: str) -> None:
        """Train on the bars that had closed by ``cutoff``; a training still under way is ended first.

        Returns at once; a process that cannot be started shows in ``status``, not as an exception.
        """
        self.close()
        with self._lock:
            self._text = None
            self._status = ModelStatus(ModelStage.TRAINING, 0.0, "Starting the training process.")
        try:
            self._job_dir.mkdir(parents=True, exist_ok=True)
            for left in self._job_dir.glob(f"{_RUN}*"):  # of a desk that was killed
                shutil.rmtree(left, ignore_errors=True)
            self._folder = Path(tempfile.mkdtemp(prefix=_RUN, dir=self._job_dir))
            save(self._folder, Job(tuple(panel), benchmark, cutoff, source))
            self._child = spawn("marketpulse.models.worker", self._folder, self._folder / _LOG, told=True)
        except OSError as error:
            self._fail("The training process could not be started.", str(error))
            return
        self._reader = threading.Thread(
            target=self._follow, args=(self._child, self._folder), name="trainer", daemon=True
        )
        self._reader.start()

    def status(self) -> ModelStatus:
        """Where the training is."""
        with self._lock:
            return self._status

    def result(self) -> str | None:
        """The model as JSON text, None until it is ready."""
        with self._lock:
            return self._text

    def wait(self, seconds: float) -> ModelStatus:
        """Wait for the training to end, at most so long."""
        if self._reader is not None:
            self._reader.join(seconds)
        return self.status()

    def close(self) -> None:
        """End a training that is under way and remove its files; a finished result stays."""
        if self._child is not None:
            if self._child.poll() is None:
                with self._lock:
                    self._status = ModelStatus(ModelStage.WAITING, 0.0, "The training was ended.")
                self._child.kill()
            self._child.wait(_WAIT)
        if self._reader is not None:
            self._reader.join(_WAIT)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._child = self._reader = self._folder = None

    def _follow(self, child: "subprocess.Popen[str]", folder: Path) -> None:
        """The reader thread: progress lines until the child ends, then its result."""
        try:
            error = self._lines(child.stdout)
            code = child.wait()
            if self.status().stage is not ModelStage.TRAINING:
                return  # closed meanwhile
            if code == 0:
                self._accept((folder / MODEL).read_text(encoding="utf-8"))
            else:
                self._fail(error or _CRASHED, error or f"exit code {code}; {_last_line(folder / _LOG)}")
        except MarketPulseError as bad:
            self._fail("The training wrote a model that fails its checks.", str(bad))
        except Exception as fault:  # noqa: BLE001 - a thread's top level: said on the screen and in the log
            self._fail(_CRASHED, repr(fault))

    def _lines(self, stream: IO[str] | None) -> str:
        """Take progress until the stream ends; return the child's own error sentence, if any."""
        error = ""
        for line in stream or ():
            try:
                said = json.loads(line)
                error = str(said.get("error", error))
                status = ModelStatus(ModelStage.TRAINING, float(said["progress"]), str(said["note"]))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # a library printed something: no progress
            with self._lock:
                if self._status.stage is ModelStage.TRAINING:
                    self._status = status
        if stream is not None:
            stream.close()
        return error

    def _accept(self, text: str) -> None:
        card = decode(text).card
        note = f"Trained on {card.rows:,} rows of {len(card.symbols)} instruments up to {card.last_bar}."
        with self._lock:
            self._text = text
            self._status = ModelStatus(ModelStage.READY, 1.0, note, card)

    def _fail(self, sentence: str, detail: str) -> None:
        self._meter.fault(_FAULT, f"{sentence} ({detail})" if detail != sentence else sentence)
        with self._lock:
            self._status = ModelStatus(ModelStage.FAILED, self._status.progress, sentence)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
