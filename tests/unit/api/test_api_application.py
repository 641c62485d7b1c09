import hashlib
import re

import pytest
import seers
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator
from starlette.routing import Match

from marketpulse.api import routes
from marketpulse.errors import ConfigError

CHART = "c0992580867c4912cc9385b3c2728315bcc1a76c7f1087dca908430fccdf31d7"  # lightweight-charts 5.2.0, official build


def test_the_chart_script_is_the_official_build(door):
    reply = door.client.get("/assets/lightweight-charts.js")
    assert hashlib.sha256(reply.content).hexdigest() == CHART
    assert reply.headers["content-type"].startswith("text/javascript")
    tag = reply.headers["ETag"]
    again = door.client.get("/assets/lightweight-charts.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_docs_ask_nobody_outside(door):
    page = door.client.get("/docs")
    assert page.status_code == 200
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page.text) == []
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/")
        assert door.client.get(address).status_code == 200


@pytest.fixture
def schema(door):
    return door.client.get("/openapi.json").json()


def test_openapi_is_valid_and_its_references_lead_somewhere(schema):
    OpenAPI.model_validate(schema)
    components = schema["components"]["schemas"]
    for component in components.values():
        Draft202012Validator.check_schema(component)
    for name in re.findall(r'"#/components/schemas/(\w+)"', str(schema).replace("'", '"')):
        assert name in components
    assert set(schema["paths"]) == {
        "/health",
        "/api/live/market-data",
        "/api/live/market-data/{symbol}",
        "/api/live/bars/{symbol}",
        "/api/v1/alerts",
        "/api/v1/risk",
        "/api/v1/alerts/{alert_id}/ack",
        "/api/v1/why/{symbol}",
        "/api/v1/protections",
        "/api/v1/protections/{name}/unlock",
        "/api/v1/lots",
        "/api/v1/statements",
        "/api/v1/execution-quality",
        "/api/v1/reduce",
        "/api/v1/flatten",
        "/api/live/stream",
        "/api/live/order-book/{symbol}",
        "/api/live/news/{symbol}",
        "/api/live/search",
        "/api/live/providers",
        "/api/live/failovers",
        "/api/live/quarantine",
        "/api/v1/portfolio",
        "/api/v1/orders",
        "/api/v1/orders/{order_id}",
        "/api/v1/proposals",
        "/api/v1/proposals/{proposal_id}/approve",
        "/api/v1/proposals/{proposal_id}/decline",
        "/api/v1/halt",
        "/api/v1/resume",
        "/api/v1/accounts",
        "/api/v1/arm",
        "/api/v1/adopt",
        "/api/v1/login",
        "/api/v1/providers/{name}/ask-again",
        "/api/live/indicators",
        "/api/live/indicators/{symbol}",
        "/api/intelligent/signals/latest",
        "/api/intelligent/signals/generate",
        "/api/intelligent/signals/{symbol}",
        "/api/v1/signals/statistics",
        "/api/v1/models",
    }


def test_openapi_says_what_needs_the_token_and_how_errors_look(schema):
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            shut = path.startswith("/api/v1") or path.endswith("/generate")
            assert bool(operation.get("security")) == shut
            assert set(operation["responses"]["4XX"]["content"]) == {"application/problem+json"}
            assert "422" not in operation["responses"]
    place = schema["paths"]["/api/v1/orders"]["post"]
    assert any(p["name"] == "Idempotency-Key" and p["required"] for p in place["parameters"])
    body = place["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["symbol", "side", "type", "quantity"]


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/api/live/market-data/AAPL",
        "/api/live/bars/AAPL",
        "/api/v1/portfolio",
        "/api/v1/orders",
        "/api/intelligent/signals/latest",
        "/api/intelligent/signals/AAPL",
        "/api/v1/signals/statistics",
        "/api/v1/models",
        "/api/live/indicators",
    ],
)
def test_answers_are_as_openapi_says(door, schema, path):
    door.desk.shown = seers.ensemble()
    described = re.sub(r"/AAPL$", "/{symbol}", path)
    content = schema["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]
    whole = {"$ref": content["schema"]["$ref"], "components": schema["components"]}
    Draft202012Validator(whole).validate(door.get(path).json())


def test_the_routes_lead_here_and_take_nothing_of_the_pages(door):
    hung = routes(door.api)

    def taken(path):
        scope = {"type": "http", "path": path, "method": "GET", "headers": []}
        return any(route.matches(scope)[0] is Match.FULL for route in hung)

    for path in (
        "/health",
        "/docs",
        "/openapi.json",
        "/api/v1/orders",
        "/assets/x",
        "/static-offline-docs/x",
    ):
        assert taken(path)
    for path in ("/", "/orders", "/_stcore/stream", "/static/x", "/media/x", "/component/x"):
        assert not taken(path)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/assets/other.js", "/api/v1/nothing"])
def test_an_unknown_address_is_a_problem_too(door, path):
    reply = door.client.get(path)
    assert (reply.status_code, reply.json()["code"]) == (404, "NOT_FOUND")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/orders"), ("POST", "/health"), ("DELETE", "/docs")]
)
def test_a_wrong_method_names_the_right_one(door, method, path):
    reply = door.client.request(method, path)
    assert (reply.status_code, reply.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"]


def test_a_fault_of_ours_is_counted_and_says_where_but_nothing_of_the_caller(door, monkeypatch):
    def broken():
        raise RuntimeError(door.token)

    monkeypatch.setattr(door.desk, "snapshot", broken)
    reply = door.get("/api/v1/orders/sesame")
    assert (reply.status_code, reply.json()["code"]) == (500, "INTERNAL")
    ((kind, sentence),) = door.faults
    assert kind == "api RuntimeError"
    assert "while answering GET on /api/v1/orders/{order_id}" in sentence
    assert re.search(r"RuntimeError \(\w+\.py:\d+\)", sentence)
    assert door.token not in sentence + reply.text
    assert "sesame" not in sentence + reply.text


def test_before_and_after_the_desk_the_door_says_so(door, monkeypatch):
    def none():
        raise ConfigError("No desk runs in this process.")

    monkeypatch.setattr(door.desk, "snapshot", none)
    reply = door.client.get("/health")
    assert (reply.status_code, reply.json()["code"]) == (503, "NO_DESK")
