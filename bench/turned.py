"""How often the CUSUM of issued signals is wrong, and how soon it is right: ``python -m bench.turned``.

Four shares with a correlation of 0.4, one signal a day each, a horizon of five bars, so that outcomes
overlap; opinions that hang together (0.97 from day to day) and lie 3 or 10 points from the base rate.
"""

import sys
from math import erf, sqrt

import numpy as np

from marketpulse.signals.cusum import LIMIT, SLACK, cusum, surprise

HORIZON, SHARES, TOGETHER, LASTS, BASE = 5, 4, 0.4, 0.97, 0.54
TRUTHS = {  # what is true: how much of the opinion, and how much of the base rate
    "as good": (0.5, 0.5),  # both have the same expected score
    "right": (1.0, 0.0),
    "worthless": (0.0, 1.0),
    "wrong way": (-1.0, 2.0),
}


def surprises(seed, dates, truth, bold=0.03):
    """Signals in the order in which they end."""
    rng = np.random.default_rng(seed)
    size = dates + HORIZON
    moves = sqrt(TOGETHER) * rng.normal(size=(size, 1)) + sqrt(1 - TOGETHER) * rng.normal(size=(size, SHARES))
    sums = np.concatenate([np.zeros((1, SHARES)), np.cumsum(moves, axis=0)])
    rank = np.vectorize(lambda z: 0.5 * (1 + erf(z / sqrt(2))))(
        (sums[HORIZON:] - sums[:-HORIZON])[:dates] / sqrt(HORIZON)
    )
    opinion, now = np.empty((dates, SHARES)), rng.normal(size=SHARES)
    for n in range(dates):
        now = opinion[n] = LASTS * now + sqrt(1 - LASTS**2) * rng.normal(size=SHARES)
    base = np.full((dates, SHARES), BASE)
    p = np.clip(base + bold * opinion, 0.2, 0.9)
    own, usual = TRUTHS[truth]
    rose = rank < own * p + usual * base
    return surprise(p.ravel(), base.ravel(), rose.astype(float).ravel())


def alarms(values, limit=LIMIT, slack=SLACK):
    """How often it alarms when it begins anew after each alarm."""
    found, start = 0, 0
    while (over := np.flatnonzero(cusum(values[start:], slack) > limit)).size:
        found, start = found + 1, start + int(over[0]) + 1
    return found


def between(truth, bold, worlds=20, dates=2500):
    """Signals between two alarms."""
    count = sum(alarms(surprises(seed, dates, truth, bold)) for seed in range(worlds))
    return worlds * dates * SHARES / max(count, 1)


def main():
    print(f"signals between two alarms; slack {SLACK}, limit {LIMIT:g}")
    for truth in TRUTHS:
        for bold in (0.03, 0.1):
            print(
                f"{truth:>10}, opinions {100 * bold:2.0f} points from the base rate: {between(truth, bold):6.0f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
