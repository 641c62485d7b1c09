"""Training beside the desk: one child process at a time, its progress, and its end."""

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import IO

from marketpulse.errors import MarketPulseError
from marketpulse.meter import Meter
from marketpulse.meter.children import spawn
from marketpulse.models import record
from marketpulse.models.document import decode
from marketpulse.models.job import MODEL, TRAINED, Job, save
from marketpulse.types import Card, ModelStage, ModelStatus

__all__ = ["Patience", "Trainer"]

_FAULT = "training"
_LOG = "worker.log"
_RUN = "run-"
_WAIT = 5.0
_ENDED = "Training ended unexpectedly"
_BAD = "The training wrote a model that fails its checks"
_NOTHING = "the desk works on without a model"
_MEANWHILE = "today's logistic model serves"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a child may take, seconds.

    Attributes
    ----------
    silent : from one line it says to the next
    whole : in all
    """

    silent: float = 900.0
    whole: float = 7_200.0


class Trainer:
    """Start a training, watch it, take its results.

    ``start`` and ``close`` belong to one thread; all else may be asked from any.

    Parameters
    ----------
    job_dir : a folder of ours; each run works in a folder of its own below it
    meter : is told of every training that fails
    patience : a child that takes longer is ended
    """

    def __init__(self, job_dir: Path, meter: Meter, patience: Patience | None = None) -> None:
        self._job_dir = job_dir
        self._meter = meter
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._status = ModelStatus(ModelStage.WAITING, 0.0, "No training has been asked for yet.")
        self._logistic: str | None = None
        self._trained: str | None = None
        self._child: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._folder: Path | None = None

    def start(self, job: Job) -> None:
        """Train on the bars that had closed by the cutoff; a training still under way is ended first.

        Returns at once; a process that cannot be started shows in ``status``, not as an exception.
        """
        self.close()
        with self._lock:
            self._logistic = self._trained = None
            self._status = ModelStatus(ModelStage.TRAINING, 0.0, "Starting the training process.")
        try:
            self._job_dir.mkdir(parents=True, exist_ok=True)
            for left in self._job_dir.glob(f"{_RUN}*"):  # of a desk that was killed
                shutil.rmtree(left, ignore_errors=True)
            self._folder = Path(tempfile.mkdtemp(prefix=_RUN, dir=self._job_dir))
            save(self._folder, job)
            self._child = spawn("marketpulse.models.worker", self._folder, self._folder / _LOG, told=True)
        except OSError as error:
            self._fail("The training process could not be started.", str(error))
            return
        self._reader = threading.Thread(
            target=self._follow, args=(self._child, self._folder), name="trainer", daemon=True
        )
        self._reader.start()

    def status(self) -> ModelStatus:
        """Where the training is; READY once all of it is over."""
        with self._lock:
            return self._status

    def logistic(self) -> str | None:
        """Today's logistic model as JSON text as soon as it is ready, long before the ensemble."""
        with self._lock:
            return self._logistic

    def trained(self) -> str | None:
        """The ensemble's document (``record.decode``), None until it is ready, and where there is none."""
        with self._lock:
            return self._trained

    def wait(self, seconds: float) -> ModelStatus:
        """Wait for the training to end, at most so long."""
        if self._reader is not None:
            self._reader.join(seconds)
        return self.status()

    def close(self) -> None:
        """End a training that is under way and remove its files; finished results stay."""
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
        """The reader thread: progress lines until the child ends, then its results."""
        watch = _Watch(child, self._patience)
        try:
            said = self._lines(child.stdout, folder, watch)
            code = child.wait()
            if self.status().stage is not ModelStage.TRAINING:
                return  # closed meanwhile
            if code == 0:
                self._accept(folder, said.get("alone", ""))
            elif watch.sentence:
                self._fail(f"{watch.sentence}; {self._left()}.", "")
            else:
                error = said.get("error", "")
                detail = error or f"exit code {code}; {_last_line(folder / _LOG)}"
                self._fail(error or f"{_ENDED}; {self._left()}.", detail)
        except MarketPulseError as bad:
            self._fail(f"{_BAD}; {self._left()}.", str(bad))
        except Exception as fault:  # noqa: BLE001 - a thread's top level: said on the screen and in the log
            self._fail(f"{_ENDED}; {self._left()}.", repr(fault))
        finally:
            watch.close()
            if child.stdout is not None:
                child.stdout.close()
            child.kill()  # one whose output could not be read would work on for nobody

    def _lines(self, stream: IO[str] | None, folder: Path, watch: "_Watch") -> Mapping[str, str]:
        """Take what the child says until the stream ends; return its sentences by their kind."""
        told: dict[str, str] = {}
        for line in stream or ():
            watch.heard()
            said = _read(line)
            told |= {kind: str(said[kind]) for kind in ("error", "alone") if kind in said}
            if said.get("ready") == "logistic":
                self._take_logistic(folder)
            status = _progress(said)
            with self._lock:
                if status is not None and self._status.stage is ModelStage.TRAINING:
                    self._status = status
        return told

    def _take_logistic(self, folder: Path) -> None:
        """Take today's logistic model in; one that fails its checks is left out, and the training goes on."""
        try:
            text = (folder / MODEL).read_text(encoding="utf-8")
            decode(text)
        except (OSError, ValueError, MarketPulseError) as error:
            self._meter.fault(_FAULT, f"{_BAD} ({error})")
            return
        with self._lock:
            self._logistic = text

    def _accept(self, folder: Path, alone: str) -> None:
        logistic, trained = self.logistic() or (folder / MODEL).read_text(encoding="utf-8"), None
        card = decode(logistic).card
        verdict = f"{alone} Today's logistic model serves alone." if alone else ""
        if (folder / TRAINED).is_file():
            trained = (folder / TRAINED).read_text(encoding="utf-8")
            whole = record.decode(trained)
            card, verdict = whole.card, whole.record.verdict
        note = f"Trained on {card.rows:,} rows of {len(card.symbols)} instruments up to {card.last_bar}. {verdict}"
        with self._lock:
            self._logistic, self._trained = logistic, trained
            self._status = ModelStatus(ModelStage.READY, 1.0, note.strip(), card)

    def _left(self) -> str:
        return _NOTHING if self.logistic() is None else _MEANWHILE

    def _fail(self, sentence: str, detail: str) -> None:
        self._meter.fault(_FAULT, f"{sentence} ({detail})" if detail and detail != sentence else sentence)
        with self._lock:
            card: Card | None = None if self._logistic is None else decode(self._logistic).card
            self._status = ModelStatus(ModelStage.FAILED, self._status.progress, sentence, card)


class _Watch:
    """Ends a child that says nothing for too long, or is never done."""

    def __init__(self, child: "subprocess.Popen[str]", patience: Patience) -> None:
        self.sentence = ""
        self._child = child
        self._silent = patience.silent
        self._timers = [self._timer(patience.silent, "said nothing"), self._timer(patience.whole, "took")]

    def heard(self) -> None:
        """It has said something."""
        self._timers[0].cancel()
        self._timers[0] = self._timer(self._silent, "said nothing")

    def close(self) -> None:
        """Nobody is watched any more."""
        for timer in self._timers:
            timer.cancel()

    def _timer(self, seconds: float, what: str) -> threading.Timer:
        timer = threading.Timer(
            seconds, self._end, (f"The training {what} for {seconds:,.0f} s and was ended",)
        )
        timer.daemon = True
        timer.start()
        return timer

    def _end(self, sentence: str) -> None:
        self.sentence = sentence
        self._child.kill()


def _read(line: str) -> Mapping[str, object]:
    """What a line says; nothing where a library printed it."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _progress(said: Mapping[str, object]) -> ModelStatus | None:
    part, note = said.get("progress"), said.get("note")
    if not isinstance(part, int | float) or not isinstance(note, str) or not isfinite(part):
        return None
    return ModelStatus(ModelStage.TRAINING, min(1.0, max(0.0, float(part))), note)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
