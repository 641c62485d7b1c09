"""What was traded over a record, and how often a year that turns the account over."""

from datetime import date, timedelta
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.performance import Traded, traded, yearly_turnover

FIRST = date(2012, 6, 1)
DAYS = [(FIRST + timedelta(days=n), 100_000.0) for n in range(126)]


def test_half_a_year_in_which_a_third_was_sold():
    record = traded([(FIRST, 50_000.0), (FIRST, -30_000.0), (FIRST - timedelta(days=1), 1e9)], DAYS)
    assert record == Traded(50_000.0, 30_000.0, 100_000.0, 126)
    assert yearly_turnover(record, 252) == pytest.approx(0.6)
    assert yearly_turnover(record, 365) == pytest.approx(0.3 * 365 / 126)


@pytest.mark.parametrize(
    "record",
    [
        Traded(),
        traded([], []),
        traded([(FIRST, nan)], DAYS),
        traded([(FIRST, inf)], DAYS),
        traded([(FIRST, 1.0)], DAYS[:1]),
        traded([], [(FIRST, nan), (FIRST, 1.0)]),
        traded([], [(FIRST, 0.0), (FIRST, 0.0)]),
        traded([], [(FIRST, -1.0), (FIRST, -1.0)]),
    ],
)
def test_what_is_not_known_or_has_no_equity_has_no_turnover(record):
    assert isnan(yearly_turnover(record))


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_buying_alone_or_selling_alone_turns_nothing_over(amounts):
    found = traded([(FIRST, abs(amount)) for amount in amounts], DAYS)
    assert yearly_turnover(found) == 0.0
    assert found.bought == pytest.approx(sum(map(abs, amounts)))
