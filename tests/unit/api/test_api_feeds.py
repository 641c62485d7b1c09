import json
from dataclasses import replace
from types import MappingProxyType

import pytest
from fakes import FEEDS, LIVE_PROVIDERS, book, cell, live, snapshot
from jsonschema import Draft202012Validator

from marketpulse.types import BudgetView, StoreView

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def live_door(door):
    door.desk.shown = live()
    return door


def get(door, path, status=200):
    reply = door.client.get(f"/api/live/{path}")
    assert reply.status_code == status, reply.text
    return reply.json()


def test_a_book_has_its_levels_best_first_and_what_is_read_from_them(live_door):
    answer = get(live_door, "order-book/BTC-USDT?depth=3")
    assert set(answer) == {
        "symbol", "bids", "asks", "time", "received", "source", "sequence", "spread", "imbalance", "age_seconds",
    }  # fmt: skip
    assert (len(answer["bids"]), len(answer["asks"])) == (3, 3)
    assert answer["bids"][0][0] > answer["bids"][1][0]
    assert answer["asks"][0][0] < answer["asks"][1][0]
    assert answer["spread"] == pytest.approx(answer["asks"][0][0] - answer["bids"][0][0], abs=0.011)
    assert (answer["symbol"], answer["source"], answer["sequence"]) == ("BTC/USDT", "binance", 4711)
    assert answer["age_seconds"] == pytest.approx(0.1)
    assert -1 <= answer["imbalance"] <= 1
    assert len(get(live_door, "order-book/BTC/USDT")["bids"]) == 20


def test_the_other_venue_is_asked_for_by_name(live_door):
    assert get(live_door, "order-book/btc-usdt?source=bybit")["source"] == "bybit"
    assert get(live_door, "order-book/btc-usdt?source=nobody", 404)["code"] == "NO_BOOK"


@pytest.mark.parametrize("symbol", ["AAPL", "%5EGSPC", "SOL-USDT"])
def test_no_book_is_said(live_door, symbol):
    assert get(live_door, f"order-book/{symbol}", 404)["code"] == "NO_BOOK"


@pytest.mark.parametrize("path", ["order-book", "news"])
def test_an_unknown_symbol_is_not_repeated(live_door, path):
    problem = get(live_door, f"{path}/BTX-USDT", 404)
    assert problem["code"] == "UNKNOWN_SYMBOL"
    assert "BTX" not in problem["message"]
    assert "BTC-USDT" in problem["message"]


@pytest.mark.parametrize(
    "path",
    [
        "order-book/BTC-USDT?depth=0", "order-book/BTC-USDT?depth=1001", "order-book/BTC-USDT?depth=x",
        "order-book/BTC-USDT?source=" + "x" * 41, "search", "search?q=", "search?q=" + "x" * 41,
        "news/" + "x" * 41,
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_without_repeating_it(live_door, path):
    problem = get(live_door, path, 422)
    assert problem["code"] == "BAD_REQUEST"
    assert "xxxx" not in problem["message"]


def test_a_level_that_is_not_finite_is_left_out_and_an_unreadable_book_is_none(door):
    good = book()
    part = replace(good, bids=((NAN, 1.0), *good.bids[1:]), asks=(*good.asks[:2], (good.asks[2][0], INF)))
    door.desk.show(books=MappingProxyType({"BTC/USDT": (part,)}))
    answer = get(door, "order-book/BTC-USDT")
    assert (len(answer["bids"]), len(answer["asks"])) == (19, 2)
    assert (answer["spread"], answer["imbalance"]) == (None, None)
    door.desk.show(books=MappingProxyType({"BTC/USDT": (replace(good, bids=((NAN, NAN),)),)}))
    assert get(door, "order-book/BTC-USDT", 404)["code"] == "NO_BOOK"


def test_news_gives_addresses_a_browser_may_follow_or_none(live_door):
    answer = get(live_door, "news/AAPL")
    assert answer["symbol"] == "AAPL"
    assert [h["url"] for h in answer["headlines"]] == ["https://news.example/apple?a=1&b=2", None]
    assert answer["headlines"][0]["title"] == "Apple <b>opens</b> a shop"  # JSON: the reader escapes
    shown = live_door.desk.shown
    bad = tuple(replace(h, url="javascript:alert(1)") for h in shown.headlines["AAPL"])
    live_door.desk.show(headlines=MappingProxyType({"AAPL": bad}))
    assert [h["url"] for h in get(live_door, "news/AAPL")["headlines"]] == [None, None]
    assert get(live_door, "news/IBM")["headlines"] == []


def test_search_finds_by_symbol_and_name_and_offers_the_nearest(live_door):
    def symbols(query):
        answer = get(live_door, f"search?q={query}")
        return [i["symbol"] for i in answer["matches"]], [i["symbol"] for i in answer["nearest"]]

    assert symbols("btc") == (["BTC/USDT"], [])
    assert symbols("btc-usdt") == (["BTC/USDT"], [])
    assert symbols("micro") == (["MSFT"], [])
    assert symbols("Aple") == ([], ["AAPL"])
    assert symbols("%3Cscript%3E") == ([], [])
    assert set(get(live_door, "search?q=IBM")["matches"][0]) == {
        "symbol", "slug", "name", "asset_class", "currency", "tradable",
    }  # fmt: skip


def test_the_matrix_has_cells_budgets_plan_and_what_is_missing(live_door):
    answer = get(live_door, "providers")
    assert set(answer) == {"providers", "plan", "missing", "coverage", "store"}
    assert [p["name"] for p in answer["providers"]] == [p.name for p in LIVE_PROVIDERS]
    finnhub = answer["providers"][1]
    isolated = next(c for c in finnhub["cells"] if c["capability"] == "bars")
    assert (isolated["state"], isolated["retry"], isolated["p50"]) == ("isolated", None, None)
    assert finnhub["budget"]["left_minute"] == 41
    assert answer["providers"][2]["budget"]["left_day"] == 2
    assert answer["providers"][-1]["budget"] is None
    assert answer["plan"][1]["sentence"].startswith("25 calls a day end")
    assert answer["missing"] == ["Set KITE_API_KEY in .env to add Kite."]
    assert answer["store"]["hit_rate"] == pytest.approx(1121 / 1204, abs=1e-6)
    assert answer["coverage"][2]["share"] is None


def test_failovers_and_quarantine_are_newest_first_with_their_reasons(live_door):
    switches = get(live_door, "failovers")["failovers"]
    assert (switches[0]["before"], switches[0]["after"], switches[0]["gap"]) == ("finnhub", "alpaca", 0.3)
    assert (switches[2]["after"], switches[2]["gap"]) == ("", None)
    answer = get(live_door, "quarantine")
    assert (answer["judged"], answer["disbelieved"]) == (1_284_310, 3)
    assert (answer["quarantine"][0]["said"], answer["quarantine"][0]["held"]) == ("19.576", 195.76)
    assert answer["quarantine"][2]["held"] is None


def test_a_desk_without_feeds_answers_with_nothing_in_it(door):
    door.desk.shown = snapshot(providers=(), books=MappingProxyType({}))
    assert get(door, "failovers") == {"failovers": []}
    assert get(door, "quarantine") == {"judged": 0, "disbelieved": 0, "quarantine": []}
    answer = get(door, "providers")
    assert (answer["providers"], answer["plan"], answer["store"]["gain"]) == ([], [], None)


def test_no_number_that_is_not_finite_leaves_the_door(door):
    odd = replace(
        LIVE_PROVIDERS[0],
        latency=NAN,
        cells=(cell("quote", p50=NAN, p95=INF, errors=NAN, retry=INF),),
        budget=BudgetView(INF, NAN, blocked=INF),
    )
    feeds = replace(
        FEEDS,
        store=StoreView(1, 1, NAN, INF),
        switches=(replace(FEEDS.switches[0], gap=NAN),),
        quarantine=(replace(FEEDS.quarantine[0], held=INF),),
        plan=(replace(FEEDS.plan[0], calls=NAN),),
        coverage=(replace(FEEDS.coverage[0], share=NAN),),
    )
    door.desk.shown = live(providers=(odd,), feeds=feeds)
    for path in ("providers", "failovers", "quarantine"):
        text = door.client.get(f"/api/live/{path}").text
        assert "NaN" not in text
        assert "Infinity" not in text
        json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("order-book/BTC-USDT", "order-book/{symbol}"), ("news/AAPL", "news/{symbol}"), ("search?q=a", "search"),
        ("providers", "providers"), ("failovers", "failovers"), ("quarantine", "quarantine"),
        ("market-data", "market-data"),
    ],
)  # fmt: skip
def test_answers_are_as_openapi_says(live_door, path, pattern):
    described = live_door.client.get("/openapi.json").json()
    shape = described["paths"][f"/api/live/{pattern}"]["get"]["responses"]["200"]["content"][
        "application/json"
    ]
    rules = {"$defs": described["components"]["schemas"], **shape["schema"]}
    text = json.dumps(rules).replace("#/components/schemas/", "#/$defs/")
    Draft202012Validator(json.loads(text)).validate(get(live_door, path))
