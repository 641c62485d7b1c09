"""Every rule that reads single files, with where it holds, a breach it must catch and a text it must pass."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from house import source_rules as source
from house import text_rules as texts

ROOT = Path(__file__).parents[2]

PRODUCT = ("marketpulse/**.py", "pages/**.py", "app.py")
EVERYTHING = ("**",)
# Streamlit runs these; nothing imports them
SCRIPTS = tuple(
    f"pages/{name}.py"
    for name in ("shell", "desk", "orders", "risk", "signals", "models", "market", "accounts")
)


@dataclass(frozen=True)
class Rule:
    """``within`` and ``without`` are path patterns where ``**`` crosses folders."""

    find: Callable[[str], Iterator[str]]
    within: tuple[str, ...]
    breaches: tuple[str, ...]
    passes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.find.__name__

    def holds_for(self, path: str) -> bool:
        return _matches(path, self.within) and not _matches(path, self.without)

    def check(self, root: Path, paths: list[str]) -> list[str]:
        return [
            f"{path}:{finding}"
            for path in paths
            if self.holds_for(path)
            for finding in self.find((root / path).read_text(encoding="utf-8", errors="replace"))
        ]


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(
        path == pattern or ("**" in pattern and _between(path, *pattern.split("**"))) for pattern in patterns
    )


def _between(path: str, start: str, end: str) -> bool:
    return path.startswith(start) and path.endswith(end)


def tree(root: Path = ROOT) -> list[str]:
    """Every file that is or would be committed; without git, every file."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else None
    if names is None:
        names = [p.relative_to(root).as_posix() for p in root.rglob("*")]
    return sorted(name for name in names if name and (root / name).is_file())


def _maths(*sections: str) -> str:
    doc = "\n\n    ".join(f"{s}\n    {'-' * len(s)}\n    x" for s in sections)
    return f'__all__ = ["f"]\n\ndef f(x: FloatArray) -> float:\n    """Do.\n\n    {doc}\n    """\n'


RULES = (
    Rule(source.module_length, PRODUCT, ("x = 1\n" * 401,), ("x = 1\n" * 400,)),
    Rule(
        source.started_last,
        ("marketpulse/**.py", "bench/**.py", "tests/**.py"),
        ('def main():\n    late()\nif __name__ == "__main__":\n    main()\ndef late(): ...\n',),
        ('def late(): ...\nif __name__ == "__main__":\n    late()\n', "x = 1\n"),
    ),
    Rule(
        source.function_length,
        PRODUCT,
        ("def f():\n" + "    x = 1\n" * 40, "class A:\n    async def f(self):\n" + "        x = 1\n" * 40),
        ("def f():\n" + "    x = 1\n" * 39, 'def f():\n    """Do."""\n' + "    x = 1\n" * 39),
    ),
    Rule(
        source.clocks_and_prints,
        PRODUCT,
        (
            "print(1)",
            "datetime.now(UTC)",
            "import datetime\ndatetime.datetime.utcnow()",
            "date.today()",
            "time.sleep(1)",
            "wait = time.sleep",
            "from time import sleep",
            "try:\n    f()\nexcept:\n    pass",
        ),
        ("clock.now()", "import time\ntime.monotonic()", "try:\n    f()\nexcept ValueError:\n    pass"),
        without=("marketpulse/clock.py",),
    ),
    Rule(
        source.bare_noqa,
        ("**.py",),
        ("x = 1  # noqa", "x = 1  # NOQA: E501", "x = 1  # noqa: E501,F401", "# ruff: noqa"),
        ("x = 1  # noqa: E501  the address is one word", "x = 'a noqa in words'"),
        without=("tests/house/**",),
    ),
    Rule(
        source.honest_all,
        ("marketpulse/**.py", "pages/**.py"),
        (
            "def f(): ...",
            '__all__ = ["f", "g"]\ndef f(): ...',
            '__all__ = ["f"]\ndef f(): ...\nclass G: ...',
            "__all__ = []\nclass G: ...",
        ),
        (
            'from a import B\n__all__ = ["B", "f"]\n_x = 1\nLIMIT = 3\ndef f(): ...\ndef _g(): ...',
            "_run()",
        ),
        without=SCRIPTS,
    ),
    Rule(
        source.no_pickle,
        PRODUCT,
        ("import pickle", "from joblib import load", "def f():\n    import dill"),
        ("import json",),
    ),
    Rule(
        source.no_sql,
        PRODUCT,
        ("import sqlite3", "from sqlalchemy.orm import Session", "import sqlmodel as s"),
        ("from marketpulse.storage import Ledger",),
        without=("marketpulse/storage/**",),
    ),
    Rule(
        source.desk_and_types_only,
        ("pages/**.py",),
        (
            "from marketpulse import storage",
            "import marketpulse.risk.var",
            "from marketpulse.market import M",
        ),
        ("from marketpulse import __version__, desk\nfrom marketpulse.types import Side\nimport numpy",),
    ),
    Rule(
        source.doors_only,
        ("app.py",),
        ("from marketpulse.loop import Loop", "from marketpulse import storage"),
        ("from marketpulse import api, desk\nfrom marketpulse.errors import Refused",),
    ),
    Rule(
        source.documented_maths,
        ("marketpulse/features/**.py", "marketpulse/performance/**.py", "marketpulse/risk/**.py"),
        (_maths("Units", "References"), _maths("Units", "Examples"), _maths("References", "Examples")),
        (_maths("Units", "References", "Examples").replace("    x\n", "    >>> 1\n"),),
    ),
    Rule(
        texts.no_token,
        EVERYTHING,
        (f"bot = {'1' * 9}:{'A' * 35}", f"key = 'sk-{'a' * 24}'", f"id: {'AK'}IA{'0' * 16}"),
        ("the risk-free-rate-of-the-whole-period", f"--hash=sha256:{'0' * 64}", "12:30:00.000000"),
    ),
    Rule(
        texts.nothing_from_outside,
        ("pages/**", "app.py", "marketpulse/api/**", ".streamlit/**"),
        (
            "<script src='https://cdn.example/x.js'>",
            '<link href="//fonts.example.com/a">',
            "url(//cdn.example.net/a.woff)",
            "wss://stream.example",
        ),
        ('url = "http://127.0.0.1:8501"', 'xmlns="http://www.w3.org/2000/svg"', "x = 7 // 2  # a // b.c"),
    ),
    Rule(
        texts.no_registry,
        EVERYTHING,
        (f"pip install --index-url https://{'pypi'}.org/simple x", f"see {'un'}pkg.com"),
        ("pip install -r requirements.txt",),
    ),
)
