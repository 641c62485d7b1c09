"""Run every topic and print one table; ends with status 1 where a target was missed.

Run from the project's folder: ``python -m bench.run``, or some topics by name:
``python -m bench.run order_path server``.
"""

import importlib
import os
import platform
import sys

from bench.table import Row, show

TOPICS = (
    "order_path",
    "order_commit",
    "ledger_commit",
    "fold",
    "opening",
    "value_at_risk",
    "risk_numbers",
    "tearsheet",
    "indicators",
    "serving",
    "whole_signal",
    "training",
    "storage",
    "failover",
    "stream",
    "server",
)


def main(topics: list[str]) -> int:
    rows: list[Row] = []
    problems = []
    for topic in topics:
        print(f"measuring {topic} ...", file=sys.stderr)
        try:
            rows += importlib.import_module(f"bench.{topic}").measure()
        except Exception as fault:  # noqa: BLE001 - one topic that cannot be measured must not hide the others
            problems.append(
                f"{topic} was not measured: {(str(fault).strip() or repr(fault)).splitlines()[0]}"
            )
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    )
    show(rows)
    judged = [row.met for row in rows if row.met is not None]
    print(*problems, f"{sum(judged)} of {len(judged)} targets met", sep="\n")
    return int(bool(problems) or not all(judged))


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(TOPICS)
    strange = sorted(set(wanted) - set(TOPICS))
    sys.exit(
        f"no such topic: {', '.join(strange)}; there are {', '.join(TOPICS)}" if strange else main(wanted)
    )
