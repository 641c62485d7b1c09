"""A process of our own beside the desk: at lower priority, with one thread of algebra and none of our keys."""

import os
import subprocess
import sys
from pathlib import Path

import marketpulse

__all__ = ["lower_priority", "spawn"]

_NICE = 10
_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LD_LIBRARY_PATH")
_KERNELS = "OPENBLAS_"  # which kernels this machine's algebra uses: others change the last digits
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def spawn(module: str, folder: Path, log: Path, *, told: bool = False) -> "subprocess.Popen[str]":
    """Start ``python -m module folder`` with an environment that holds no key of ours.

    Parameters
    ----------
    log : where its errors go, and its output too unless it is ``told``
    told : its output is a pipe, to be read line by line

    Raises
    ------
    OSError
        It cannot be started.
    """
    root = Path(marketpulse.__file__).parent.parent
    environment = {n: v for n, v in os.environ.items() if n.upper() in _PASSED_ON or n.startswith(_KERNELS)}
    environment |= dict.fromkeys(_THREADS, "1") | {"PYTHONPATH": str(root)}
    if sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    else:
        flags = 0
    with log.open("wb") as errors:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if told else errors,
            stderr=errors,
            env=environment,
            cwd=root,
            text=True,
            encoding="utf-8",
            creationflags=flags,
            start_new_session=True,  # a Ctrl-C in the terminal is for the desk, which then ends us
        )


def lower_priority() -> None:
    """Let the desk go first; the child calls it. Windows has no such call: there ``spawn`` has seen to it."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
