from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.market.instruments import indian_shares, instruments
from marketpulse.market.watchlist import calendar_exists, calendar_reaches, read_watchlist
from marketpulse.types import AssetClass, Feed, Instrument, Side

KNOWN = instruments(Feed.LIVE)
FULL = "symbol,name,asset_class,currency,tick,lot,calendar"


def read(*rows, header=FULL, known=KNOWN):
    return read_watchlist("\n".join((header, *rows)), known)


def test_a_symbol_alone_is_enough():
    good, problems = read("TSLA", "AVAX/USDT", "^NDX", "BRK-B", header="symbol")
    assert problems == ()
    assert good == (
        Instrument("TSLA", "TSLA", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1), Decimal(1)),
        Instrument(
            "AVAX/USDT",
            "AVAX/USDT",
            AssetClass.CRYPTO,
            "USDT",
            "24/7",
            Decimal("0.0001"),
            Decimal("0.0001"),
            Decimal(5),
        ),
        Instrument("^NDX", "^NDX", AssetClass.INDEX, "USD", "XNYS", Decimal("0.01"), Decimal(1)),
        Instrument(
            "BRK-B", "BRK-B", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1), Decimal(1)
        ),
    )


def test_what_a_row_says_is_taken():
    good, problems = read('SHIB/USDT,"Shiba Inu, the coin",crypto,USDT,1e-8,1,24/7')
    assert problems == ()
    assert (good[0].name, good[0].tick, good[0].lot) == ("Shiba Inu, the coin", Decimal("1e-8"), Decimal(1))
    assert good[0].decimals == 8


def test_columns_may_stand_in_any_order_and_any_case():
    good, problems = read("0.05,TSLA", header="Tick, SYMBOL")
    assert problems == ()
    assert good[0].tick == Decimal("0.05")


def test_a_foreign_index_may_be_followed_and_is_never_ordered():
    good, problems = read("^NSEI,Nifty 50,index,INR,0.05,1,XBOM")
    assert problems == ()
    assert not good[0].tradable


def test_a_foreign_looking_share_says_all_of_itself():
    good, problems = read("0700.HK,Long Name,equity,USD,0.01,1,XHKG", "0700.HK,,,,,,")
    assert [i.symbol for i in good] == ["0700.HK"]
    assert problems == (
        "Watchlist line 3: the symbol '0700.HK' needs its asset_class, currency and calendar in the list.",
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_blank_lines_comments_and_a_mark_at_the_start_are_fine(end):
    text = end.join(["\ufeff# mine", "", "symbol,name", "  # shares", "TSLA,Tesla", ",", "", "NVDA, Nvidia "])
    good, problems = read_watchlist(text, KNOWN)
    assert problems == ()
    assert [(i.symbol, i.name) for i in good] == [("TSLA", "Tesla"), ("NVDA", "Nvidia")]


BAD = {
    "unknown class": ("TSLA,,bond,,,,", "the asset class 'bond' is not one of"),
    "class with a typo": ("TSLA,,equiti,,,,", "the asset class"),
    "class of the wrong shape": ("TSLA,,crypto,,,,", "is not the symbol of a pair"),
    "pair as a share": ("AVAX/USDT,,equity,,,,", "is not the symbol of a share"),
    "index as a share": ("^NDX,,equity,,,,", "is an index"),
    "tick zero": ("TSLA,,,,0,,", "the tick '0' is zero"),
    "tick zero with places": ("TSLA,,,,0.000,,", "is zero"),
    "tick minus zero": ("TSLA,,,,-0,,", "is zero"),
    "tick zero with an exponent": ("TSLA,,,,0e5,,", "is zero"),
    "tick negative": ("TSLA,,,,-0.01,,", "the tick '-0.01' is negative"),
    "tick NaN": ("TSLA,,,,NaN,,", "is not a finite number"),
    "tick signalling NaN": ("TSLA,,,,sNaN,,", "is not a finite number"),
    "tick minus NaN": ("TSLA,,,,-nan,,", "is not a finite number"),
    "tick infinite": ("TSLA,,,,inf,,", "is not a finite number"),
    "tick infinite in full": ("TSLA,,,,-Infinity,,", "is not a finite number"),
    "tick a word": ("TSLA,,,,small,,", "is not a number such as"),
    "tick with a comma": ('TSLA,,,,"0,01",,', "is not a number such as"),
    "tick with a unit": ("TSLA,,,,0.01$,,", "is not a number such as"),
    "tick with an underscore": ("TSLA,,,,1_0,,", "is not a number such as"),
    "tick in hexadecimal": ("TSLA,,,,0x1,,", "is not a number such as"),
    "tick in other digits": ("TSLA,,,,\u0661,,", "is not a number such as"),
    "tick a dot": ("TSLA,,,,.,,", "is not a number such as"),
    "tick with a space": ("TSLA,,,,0 01,,", "is not a number such as"),
    "tick too small": ("TSLA,,,,1e-13,,", "is not between"),
    "tick too large": ("TSLA,,,,1e7,,", "is not between"),
    "tick vast": ("TSLA,,,,1e999,,", "is not between"),
    "tick tiny": ("TSLA,,,,1e-999,,", "is not between"),
    "tick with an endless exponent": ("TSLA,,,,1e99999999999,,", "is not a number such as"),
    "tick with endless digits": (f"TSLA,,,,0.{'0' * 50}1,,", "the tick is longer than 20 characters"),
    "tick a formula": ("TSLA,,,,=1+1,,", "looks like a formula"),
    "lot zero": ("TSLA,,,,,0,", "the lot '0' is zero"),
    "lot negative": ("TSLA,,,,,-1,", "the lot '-1' is negative"),
    "lot NaN": ("TSLA,,,,,nan,", "the lot 'nan' is not a finite number"),
    "lot a word": ("TSLA,,,,,one,", "is not a number such as"),
    "duplicate": ("TSLA,,,,,,\nTSLA,,,,,,", "TSLA stands in line 2 already"),
    "duplicate under one address": (
        "DOGE/USDT,,,,,,\nDOGE-USDT,,,,,,",
        "DOGE-USDT stands in line 2 already",
    ),
    "known share": ("AAPL,,,,,,", "AAPL is on the desk anyway"),
    "known pair": ("BTC/USDT,,,,,,", "BTC/USDT is on the desk anyway"),
    "known address": ("BTC-USDT,,,,,,", "would share an address with BTC/USDT"),
    "formula": ("=1+1,,,,,,", "the symbol '=1+1' looks like a formula"),
    "formula that calls": ("\"=cmd|' /C calc'!A0\",,,,,,", "looks like a formula"),
    "formula with a plus": ("+1+1,,,,,,", "looks like a formula"),
    "formula with an at": ("@SUM(A1),,,,,,", "looks like a formula"),
    "formula with a minus": ("-1,,,,,,", "looks like a formula"),
    "formula in the name": ('TSLA,"=HYPERLINK(""x"")",,,,,', "the name"),
    "unknown calendar": ("TSLA,,,,,,XNYX", "the calendar 'XNYX' is not known (did you mean XNYS?)"),
    "calendar in small letters": ("TSLA,,,,,,xnys", "is not known"),
    "share around the clock": ("TSLA,,,,,,24/7", "the calendar of a share is not '24/7'"),
    "pair with hours": ("AVAX/USDT,,,,,,XNYS", "the calendar of a pair is not 'XNYS'"),
    "symbol missing": (",Tesla,,,,,", "the symbol is missing"),
    "symbol quoted and empty": ('"",Tesla,,,,,', "the symbol is missing"),
    "symbol in small letters": ("tsla,,,,,,", "the symbol 'tsla' is not in capitals"),
    "symbol too long": ("ABCDEFGHIJK,,,,,,", "needs its asset_class, currency and calendar"),
    "symbol far too long": (f"{'A' * 300},,,,,,", "the symbol is longer than 21 characters"),
    "symbol with a space": ("TS LA,,,,,,", "is not 1 to 10 capitals"),
    "symbol with a stroke too many": ("A/B/C,,,,,,", "is not a pair such as"),
    "pair without a base": ("/USDT,,,,,,", "is not a pair such as"),
    "pair without a quote": ("AVAX/,,,,,,", "is not a pair such as"),
    "pair of one": ("USDT/USDT,,,,,,", "is not a pair such as"),
    "path": ("../../ETC,,,,,,", "is not a pair such as"),
    "symbol of dots": ("....,,,,,,", "is not 1 to 10 capitals"),
    "symbol ends in a dot": ("TSLA.,,,,,,", "is not 1 to 10 capitals"),
    "symbol of a caret": ("^,,,,,,", "is not 1 to 10 capitals"),
    "symbol with markup": ("<B>A</B>,,,,,,", "is not a pair such as"),
    "symbol with quotes": ("TS'LA,,,,,,", "is not 1 to 10 capitals"),
    "symbol in Cyrillic": ("\u0410\u0410PL,,,,,,", "is not 1 to 10 capitals"),
    "symbol wide": ("\uff21\uff21,,,,,,", "is not 1 to 10 capitals"),
    "emoji": ("\U0001f680,,,,,,", "is not 1 to 10 capitals"),
    "zero byte": ("TS\0LA,,,,,,", "the symbol holds control characters"),
    "bell": ("TSLA\a,,,,,,", "the symbol holds control characters"),
    "tab inside": ("TS\tLA,,,,,,", "the symbol holds control characters"),
    "escape in the name": ("TSLA,\x1b[31mred,,,,,", "the name holds control characters"),
    "turned writing": ("TSLA,\u202eevil,,,,,", "the name holds control characters"),
    "line separator": ("TSLA,a\u2028b,,,,,", "the name holds control characters"),
    "zero width": ("TS\u200bLA,,,,,,", "the symbol holds control characters"),
    "half a character": ("TSLA,\ud800,,,,,", "the name holds control characters"),
    "name too long": (f"TSLA,{'x' * 61},,,,,", "the name is longer than 60 characters"),
    "cell of a megabyte nearly": (f"TSLA,{'x' * 200_000},,,,,", "its quotes do not match"),
    "too few columns": ("TSLA", "it has 1 columns where the first line names 7"),
    "too many columns": ("TSLA,,,,,,,", "it has 8 columns where the first line names 7"),
    "other separator": ("TSLA;Tesla;equity", "it has 1 columns"),
    "open quote": ('"TSLA,,,,,,', "its quotes do not match"),
    "quote in the middle": ('"TS"LA,,,,,,', "its quotes do not match"),
    "currency wrong for the pair": ("AVAX/USDT,,,USD,,,", "AVAX/USDT is quoted in USDT, not in 'USD'"),
    "pair in another coin": ("AVAX/BTC,,,,,,", "the desk trades in USD or USDT"),
    "share in rupees": ("INFY,,,INR,,,", "the desk trades in USD or USDT"),
    "currency a sign": ("TSLA,,,$,,,", "the currency '$' is not a code"),
    "currency in small letters": ("TSLA,,,usd,,,", "the currency 'usd' is not a code"),
    "currency too long": ("TSLA,,,DOLLARSDOLLARS,,,", "the currency is longer than 10"),
}


@pytest.mark.parametrize(("rows", "why"), BAD.values(), ids=BAD)
def test_a_bad_row_gives_one_sentence_and_the_good_ones_stay(rows, why):
    good, problems = read(*rows.split("\n"), "NVDA,,,,,,")
    bad_line = 1 + len(rows.split("\n"))
    assert len(problems) == 1
    assert problems[0].startswith(f"Watchlist line {bad_line}: ")
    assert why in problems[0]
    assert problems[0].endswith(".")
    assert problems[0].isprintable()
    assert len(problems[0]) < 250
    assert good[-1].symbol == "NVDA"
    assert len(good) == len(rows.split("\n"))


def test_the_corpus_of_bad_rows_is_large_enough():
    assert len(BAD) >= 60


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("TSLA", "must name the columns"),
        ("name,tick", "must name the columns"),
        ("symbol,symbol", "each once"),
        ("symbol;name", "columns are parted by commas"),
        ('"symbol', "its quotes do not match"),
    ],
)
def test_a_list_without_its_first_line_is_not_guessed_at(header, why):
    good, problems = read("TSLA", header=header)
    assert good == ()
    assert len(problems) == 1
    assert why in problems[0]


def test_an_unknown_column_is_left_out_and_said():
    good, problems = read("TSLA,5", header="symbol,tik")
    assert [i.tick for i in good] == [Decimal("0.01")]
    assert problems == (
        "Watchlist line 1: the column 'tik' is not known and is left out (did you mean tick?).",
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "\ufeff"])
def test_an_empty_list_is_one_sentence(text):
    assert read_watchlist(text, KNOWN) == ((), ("The watchlist is empty.",))


def test_no_more_than_500_rows_are_read():
    rows = [f"A{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(600)]
    good, problems = read(*rows, header="symbol")
    assert len(good) == 500
    assert problems == ("Watchlist line 502: only the first 500 rows are read, and the rest is left out.",)


def test_no_more_than_a_megabyte_is_read(tmp_path):
    text = "symbol\n" + "#" * 1_000_000
    (tmp_path / "large.csv").write_text(text)
    for given_ in (text, tmp_path / "large.csv"):
        assert read_watchlist(given_, KNOWN) == (
            (),
            ("The watchlist is larger than 1 MB, so none of it is used.",),
        )


def test_a_file_is_read_as_utf_8(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"\xef\xbb\xbfsymbol,name\r\nTSLA,Te\xc3\x9fla\r\n")
    good, problems = read_watchlist(path, KNOWN)
    assert problems == ()
    assert good[0].name == "Te\u00dfla"


def test_a_file_that_is_not_there_or_not_text_is_one_sentence(tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"symbol\n\xff\xfe\x00")
    (tmp_path / "wide.csv").write_text("symbol\nTSLA", encoding="utf-16")
    for path in ("none.csv", "picture.csv", "wide.csv", "", "a\0b"):
        good, problems = read_watchlist(tmp_path / path, KNOWN)
        assert good == ()
        assert len(problems) == 1
        assert problems[0].isprintable()
    assert "There is no watchlist file" in read_watchlist(Path("/no/such/file"), KNOWN)[1][0]
    assert "not UTF-8" in read_watchlist(tmp_path / "wide.csv", KNOWN)[1][0]


def test_a_calendar_that_does_not_reach_this_year_is_refused():
    good, problems = read_watchlist(
        f"{FULL}\n^NSEI,,,INR,,,XBOM\nTSLA,,,,,,", KNOWN, works=lambda calendar: calendar != "XBOM"
    )
    assert [i.symbol for i in good] == ["TSLA"]
    assert "the sessions of the calendar XBOM are not known for this year" in problems[0]


def test_whether_a_calendar_reaches_is_asked_of_its_sessions():
    works = calendar_reaches(datetime(2026, 11, 27, 15, 0, tzinfo=UTC))
    assert works("24/7")
    assert works("XLON")
    assert not works("NOWHERE")
    assert not calendar_reaches(datetime(2200, 6, 1, tzinfo=UTC))("XBOM")


def test_calendars_are_those_of_the_exchanges():
    assert all(calendar_exists(name) for name in ("24/7", "XNYS", "XBOM", "XLON"))
    assert not calendar_exists("XXXX")


CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["TSLA", "AVAX/USDT", "^X", "equity", "crypto", "USD", "XNYS", "24/7", "0.01", "1", "nan"]
    ),
)


@given(st.text(max_size=400))
def test_no_text_raises(text):
    good, problems = read_watchlist(text, KNOWN)
    assert good == () or "symbol" in text.lower()
    assert all(p.isprintable() for p in problems)


@given(st.lists(st.lists(CELLS, min_size=7, max_size=7).map(",".join), max_size=8))
def test_no_row_raises_and_all_that_is_kept_is_sound(rows):
    good, problems = read(*rows)
    assert all(p.isprintable() for p in problems)
    assert len({i.slug for i in good}) == len(good)
    for instrument in good:
        assert instrument.symbol not in KNOWN
        assert 0 < instrument.tick <= 1_000_000
        assert 0 < instrument.lot <= 1_000_000
        assert instrument.symbol.isascii()
        assert instrument.name.isprintable()
        assert instrument.price(5_000_000.0, Side.BUY) > 0


@given(st.binary(max_size=300))
def test_no_file_raises(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"symbol\n" + content)
    read_watchlist(path, KNOWN)


def test_a_row_may_name_a_sector_and_what_names_none_is_not_guessed():
    good, problems = read("TSLA,Consumer Discretionary", "AVAX/USDT,", header="symbol,sector")
    assert problems == ()
    assert [one.sector for one in good] == ["Consumer Discretionary", ""]
    assert read("TSLA,=cmd", header="symbol,sector")[0] == ()
    assert "the sector is longer than 40" in read("TSLA," + "x" * 41, header="symbol,sector")[1][0]
    assert read("META,", header="symbol,sector", known={})[0][0].sector == "Communication Services"


@pytest.mark.parametrize("known", [*map(instruments, Feed), indian_shares()])
def test_everything_the_desk_knows_by_itself_has_a_sector_but_an_index(known):
    for one in known.values():
        assert bool(one.sector) is (one.asset_class is not AssetClass.INDEX), one.symbol
