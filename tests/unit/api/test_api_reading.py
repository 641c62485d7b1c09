from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.api.problem import Fault
from marketpulse.api.reading import fields, parse


def refused(raw):
    with pytest.raises(Fault) as no:
        parse(raw)
    return no.value


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b'{"quantity": 10}', {"quantity": 10}),
        (b'{"quantity": 0.1}', {"quantity": "0.1"}),
        (b'{"quantity": 0.30000000000000004}', {"quantity": "0.30000000000000004"}),
        (b'{"quantity": 1e2}', {"quantity": "100"}),
        (b'{"quantity": 0e999}', {"quantity": "0"}),
        (b'{"a": null, "b": true, "c": "x"}', {"a": None, "b": True, "c": "x"}),
        (b"", {}),
        (b"  \n", {}),
    ],
)
def test_plain_values_come_through_exactly(raw, read):
    assert parse(raw) == read


@pytest.mark.parametrize(
    "raw",
    [
        b'{"quantity": NaN}',
        b'{"quantity": Infinity}',
        b'{"quantity": -Infinity}',
        b'{"quantity": 1e999}',
        b'{"quantity": 1e-999}',
        b'{"quantity": 1e9999999999999999999}',
        b'{"quantity": ' + b"9" * 65 + b"}",
        b'{"quantity": 0.' + b"9" * 65 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": 1,}',
        b"{'a': 1}",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b"{",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"a": 1}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a": 01}',
        b'{"a": "line\nbreak"}',
    ],
)
def test_what_is_not_strict_json_is_refused(raw):
    fault = refused(raw)
    assert (fault.status, fault.code) == (400, "BAD_JSON")
    assert fault.message.endswith(".")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": []}',
        b'{"a": {}}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": "' + b"x" * 501 + b'"}',
    ],
)
def test_values_no_rule_was_written_for_are_refused(raw):
    fault = refused(raw)
    assert (fault.status, fault.code) == (422, "BAD_REQUEST")


def test_a_refusal_repeats_nothing_of_the_body():
    for raw in (b'{"sesame": NaN}', b'{"sesame": 1, "sesame": 2}', b'{"sesame": ["sesame"]}', b"sesame"):
        assert "sesame" not in refused(raw).message


def test_an_unknown_field_gets_the_nearest_name_and_is_not_repeated():
    with pytest.raises(Fault) as no:
        fields({"quantty": "1"}, ("symbol", "quantity"))
    assert no.value.status == 422
    assert "Did you mean quantity?" in no.value.message
    assert "quantty" not in no.value.message
    with pytest.raises(Fault) as no:
        fields({"zzz": "1"}, ("symbol", "quantity"))
    assert "Known are: symbol, quantity." in no.value.message


def test_null_counts_as_not_given():
    assert fields({"why": None}, ("why",)) == {}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
@settings(max_examples=100, deadline=None)
def test_no_digit_of_a_number_is_lost(number):
    written = format(number, "f")
    if len(written) > 60:
        return
    read = parse(f'{{"quantity": {written}}}'.encode())["quantity"]
    assert Decimal(read) == number


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_an_object_or_a_refusal(raw):
    try:
        read = parse(raw)
    except Fault as no:
        read = {"status": no.status}
    assert isinstance(read, dict)
