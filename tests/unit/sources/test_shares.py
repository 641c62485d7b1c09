from dataclasses import replace

import pytest
from unit.sources.canned_web import AAPL, BERKSHIRE, TATA

from marketpulse.errors import UnknownSymbol
from marketpulse.sources.shares import american, symbols_of
from marketpulse.types import AssetClass


def test_a_share_class_stands_behind_a_dot():
    assert american(AAPL, "x") == "AAPL"
    assert american(BERKSHIRE, "x") == "BRK.B"


@pytest.mark.parametrize(
    "other",
    [
        TATA,
        replace(AAPL, currency="EUR"),
        replace(AAPL, calendar="XLON"),
        replace(AAPL, asset_class=AssetClass.INDEX),
        replace(AAPL, asset_class=AssetClass.CRYPTO),
    ],
    ids=repr,
)
def test_nothing_else_is_asked_for(other):
    with pytest.raises(UnknownSymbol, match=r"^x: "):
        american(other, "x")
    assert symbols_of([other], 9) == {}


def test_a_stream_takes_the_first_that_fit():
    assert symbols_of([TATA, BERKSHIRE, AAPL], 1) == {"BRK.B": BERKSHIRE}
