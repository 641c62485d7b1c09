import pytest
from fakes import INSTRUMENTS

from marketpulse.types import matching, nearest

ALL = list(INSTRUMENTS.values())


def symbols(found):
    return [one.symbol for one in found]


@pytest.mark.parametrize(
    ("text", "first"),
    [("aapl", "AAPL"), ("BTC", "BTC/USDT"), ("btc/usdt", "BTC/USDT"), ("btc-us", "BTC/USDT"), ("apple", "AAPL"),
     ("machines", "IBM"), ("500", "^GSPC"), (" fb ", "FB")],
)  # fmt: skip
def test_a_part_of_a_symbol_or_name_finds_it(text, first):
    assert symbols(matching(text, ALL))[0] == first


def test_symbols_come_before_names_and_no_more_than_asked_for():
    assert symbols(matching("ether", ALL)) == ["ETH/USDT"]
    assert symbols(matching("bnb", ALL))[0] == "BNB/USDT"
    assert symbols(matching("i", ALL))[0] == "IBM"  # before the names with a word that begins so
    assert symbols(matching("usdt", ALL, most=3)) == ["BTC/USDT", "ETH/USDT", "ADA/USDT"]


@pytest.mark.parametrize("text", ["", "   ", "zzzz", "<script>"])
def test_what_fits_nothing_finds_nothing(text):
    assert matching(text, ALL) == []


def test_the_nearest_names_are_offered_once_each():
    assert symbols(nearest("aple", ALL)) == ["AAPL"]
    assert symbols(nearest("BTX", ALL))[0] == "BTC/USDT"
    assert nearest("", ALL) == []
    assert nearest("qqqqqqqq", ALL) == []
