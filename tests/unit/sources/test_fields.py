from datetime import UTC, datetime

import numpy as np
import pytest

from marketpulse.errors import BadData
from marketpulse.sources.fields import iso_moment, moment, number, positive, positive_or_none, table

NOT_NUMBERS = [None, "x", "", [], {}, True, float("nan"), float("inf"), "NaN", "-inf", 10**400, b"1"]


@pytest.mark.parametrize(
    ("value", "found"), [(1, 1.0), (-2.5, -2.5), ("3.5", 3.5), (0, 0.0), ("1e3", 1000.0)]
)
def test_a_number_is_read_from_a_number_or_its_digits(value, found):
    assert number({"p": value}, "p", "x") == found


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_anything_else_is_bad_data_that_names_the_field(value):
    for read in (number, positive):
        with pytest.raises(BadData, match=r"^x: the price is "):
            read({"p": value}, "p", "x")
    assert positive_or_none({"p": value}, "p") is None


@pytest.mark.parametrize("fields", [None, [], "p", 7, {}])
def test_what_is_no_mapping_has_no_fields(fields):
    with pytest.raises(BadData, match="the price is missing"):
        number(fields, "p", "x")
    assert positive_or_none(fields, "p") is None


@pytest.mark.parametrize(
    ("value", "word"), [(0, "zero"), (-0.0, "zero"), (-1, "negative"), ("-5", "negative")]
)
def test_a_price_is_above_zero(value, word):
    with pytest.raises(BadData, match=f"x: the price is {word}"):
        positive({"p": value}, "p", "x")
    assert positive_or_none({"p": value}, "p") is None


def test_moments_are_aware_utc():
    assert moment(0.0, "x") == datetime(1970, 1, 1, tzinfo=UTC)
    assert iso_moment("2026-03-09T10:00:00.123456789-04:00", "x") == datetime(
        2026, 3, 9, 14, 0, 0, 123456, tzinfo=UTC
    )
    assert iso_moment("2026-03-09T14:00:00Z", "x").tzinfo is UTC


@pytest.mark.parametrize("value", [1e300, -1e300, 1e12])
def test_seconds_beyond_the_calendar_are_bad_data(value):
    with pytest.raises(BadData, match="a time could not be read"):
        moment(value, "x")


@pytest.mark.parametrize(
    "value", [None, 7, "", "yesterday", "2026-03-09T10:00:00", [], "0001-01-01T00:00:00+14:00"]
)
def test_a_moment_without_its_offset_or_sense_is_bad_data(value):
    with pytest.raises(BadData, match="a time could not be read"):
        iso_moment(value, "x")


def test_a_table_keeps_what_is_left_out_as_nan():
    found = table([{"o": "1.5", "c": 2}, {"o": None}], ("o", "c"), "x")
    assert str(found.tolist()) == "[[1.5, 2.0], [nan, nan]]"
    assert found.dtype == np.float64
    assert table([], ("o", "c"), "x").shape == (0, 2)


@pytest.mark.parametrize(
    "record", [None, 7, [], {"o": "x"}, {"o": []}, {"o": True}, {"o": 10**400}], ids=repr
)
def test_a_table_of_something_else_is_bad_data(record):
    with pytest.raises(BadData):
        table([record], ("o",), "x")
