from datetime import UTC, datetime, timedelta

import pytest

from marketpulse.errors import BadData
from marketpulse.sources.headlines import headline, newest_first

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


def line(title, url="https://x.test/1", publisher="Wire", ago=1.0):
    time = NOW - timedelta(seconds=ago)
    return headline("AAPL", time, title, url=url, publisher=publisher, source="x")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Plain", "Plain"),
        ("  two\n lines\t and\u00a0a space ", "two lines and a space"),
        ("bell\x07 escape\x1b[31m null\x00", "bell escape[31m null"),
        ("turned \u202eround\u2066 zero\u200bwidth", "turned round zerowidth"),
        ("half a pair \ud83d", "half a pair"),
        ("Apple &amp; pear &#39;s &lt;b&gt;", "Apple & pear 's <b>"),
        ("&#8238;hidden", "hidden"),
        ("\x00\x01", ""),
        (None, ""),
        (7, ""),
        (["x"], ""),
    ],
)
def test_a_title_is_one_line_of_visible_text(title, shown):
    assert line(title).title == shown


def test_a_long_title_is_cut_with_a_mark():
    assert len(line("x" * 300).title) == 300
    cut = line("y" * 10_000_000).title
    assert len(cut) == 300
    assert cut.endswith("…")


@pytest.mark.parametrize("url", ["https://x.test/a?b=c#d", "https://x.test"])
def test_an_https_address_stays(url):
    assert line("a", url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "http://x.test",
        "javascript:alert(1)",
        "data:text/html,x",
        "//x.test",
        "https://",
        "https:///x",
        "https://[::1",
        "https://x.test/a b",
        "https://x.test/\x00",
        "https://x.test/" + "y" * 2000,
    ],
    ids=lambda v: repr(v)[:30],
)
def test_any_other_address_is_left_out(url):
    assert line("a", url=url).url == ""


def test_the_newest_come_first_once_each_and_none_from_the_future():
    ages = {"old": 50, "new": 5, "ahead": -5, "": 1, "middle": 20}
    items = [*ages.items(), ("new", 60)]
    found = newest_first(items, lambda i: line(i[0], ago=i[1]), "x", NOW)
    assert [h.title for h in found] == ["new", "middle", "old"]


def test_thirty_are_enough():
    found = newest_first(list(range(500)), lambda n: line(f"No {n}", ago=500 - n), "x", NOW)
    assert len(found) == 30
    assert found[0].title == "No 499"


def test_one_odd_item_does_not_spoil_the_others():
    items = [None, {"t": "fine"}, {"t": 1}, {}]
    found = newest_first(items, lambda i: line(i["t"].lower()), "x", NOW)
    assert [h.title for h in found] == ["fine"]


@pytest.mark.parametrize("items", [None, {}, "x", 7, [None], [{}, {}]])
def test_no_list_or_not_one_item_is_bad_data(items):
    with pytest.raises(BadData, match=r"^x: "):
        newest_first(items, lambda i: line(i["t"]), "x", NOW)


def test_an_empty_list_is_no_news():
    assert newest_first([], line, "x", NOW) == ()
