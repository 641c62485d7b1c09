"""The way a price takes inside one day's bar, where only the bar is known.

Interpolated, not recorded: the path starts at the open, touches both extremes in an order that the
symbol and the date decide, and ends at the close, moving in straight lines. It never leaves
[low, high], so nothing can be bought or sold at a price the day did not have.
"""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["DayPath"]


@dataclass(frozen=True, slots=True)
class DayPath:
    """One day's interpolated path.

    Attributes
    ----------
    at : four growing fractions of the session, from 0 to 1, where the path turns
    price : the price at each of them
    volume : units traded in the whole day
    """

    at: tuple[float, float, float, float]
    price: tuple[float, float, float, float]
    volume: float

    @classmethod
    def inside(cls, key: str, bar: tuple[float, float, float, float, float]) -> "DayPath":
        """Lay a path through ``bar`` (open, high, low, close, volume); ``key`` decides its shape."""
        first, high, low, last, volume = bar
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        low_first = digest[0] % 2 == 0
        turn = 0.08 + 0.42 * int.from_bytes(digest[1:4], "big") / 0xFFFFFF
        second = 0.55 + 0.37 * int.from_bytes(digest[4:7], "big") / 0xFFFFFF
        middle = (low, high) if low_first else (high, low)
        return cls((0.0, turn, second, 1.0), (first, *middle, last), volume)

    def value(self, fraction: float) -> float:
        """Return the price after ``fraction`` of the session (0 to 1), not rounded."""
        if fraction >= 1.0:
            return self.price[3]
        leg = max(0, bisect_right(self.at, fraction) - 1)
        start, end = self.at[leg], self.at[leg + 1]
        share = max(0.0, fraction - start) / (end - start)
        return self.price[leg] + share * (self.price[leg + 1] - self.price[leg])

    def extremes(self, fraction: float) -> tuple[float, float]:
        """Return the lowest and highest price up to ``fraction`` of the session, not rounded."""
        turns = bisect_right(self.at, min(max(fraction, 0.0), 1.0))
        seen = (*self.price[:turns], self.value(fraction))
        return min(seen), max(seen)
