"""What /openapi.json says of the interface: whole answers as examples, each true, and an example of every field."""

import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import nats
import orjson
import pytest
import pytest_asyncio

import services.reporting
from services.reporting.app import build
from services.reporting.cursors import cursor
from services.reporting.domain.bulletin_proof import discrepancies
from services.reporting.forms import TABLES, TYPES, Form
from services.reporting.settings import ReportingSettings
from shared import streams
from shared.database import make_pool
from tests.integration.example_answers import QUESTIONS, REPORT, answered, fill
from tests.integration.reporting_service import served
from tests.reporting_records import DISTRICT

EXAMPLES = Path(services.reporting.__file__).with_name("examples.json")
PACKAGED = EXAMPLES.with_name("indicators.toml")
FORMS: dict[str, tuple[Form, ...]] = {"bulletin": ("json", "html", "docx", "xlsx"), "compare": ("json",)}
_WRITE = "LUODI_TEST_WRITE_EXAMPLES" in os.environ
"""Whoever changed the answers on purpose sets it once, and looks at the difference."""


@pytest_asyncio.fixture
async def settings(nats_url: str, database_url: str, tmp_path: Path) -> ReportingSettings:
    await streams.provision(nats_url)
    other = PACKAGED.read_text(encoding="utf-8").replace('"2026.1"', '"2026.2"')
    (tmp_path / "other.toml").write_text(other, encoding="utf-8")
    return ReportingSettings(
        nats_url=nats_url, database_url=database_url, other_indicators=tmp_path, district_names={DISTRICT: "示范区"}
    )


@pytest_asyncio.fixture
async def client(settings: ReportingSettings) -> AsyncIterator[httpx.AsyncClient]:
    """The service with the small district in it."""
    connection = await nats.connect(settings.nats_url)
    async with (
        served(build(settings, clock=lambda: datetime(2026, 11, 24, 4, tzinfo=UTC))) as opened,
        make_pool(settings.database_url, "test") as pool,
    ):
        await fill(connection.jetstream(), pool, opened)
        yield opened
    await connection.close()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


async def test_the_answers_shown_as_examples_are_those_of_the_service(client: httpx.AsyncClient) -> None:
    found = await answered(client)
    if _WRITE:
        EXAMPLES.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    assert orjson.loads(EXAMPLES.read_bytes()) == found


async def test_the_bulletin_shown_as_an_example_proves_itself() -> None:
    assert discrepancies(orjson.loads(EXAMPLES.read_bytes())["bulletin"]) == []


async def test_every_operation_has_a_summary_a_whole_example_answer_and_an_example_of_each_parameter(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    said = dict(operations(document))
    assert len(said) >= 18
    for name, operation in said.items():
        assert operation["summary"], name
        contents = operation["responses"]["200"]["content"]
        assert any(content.get("example") for content in contents.values()), name
        for one in operation.get("parameters", []):
            assert one["schema"].get("examples") or one.get("example") or "enum" in one["schema"], (name, one["name"])
    [asked] = [one for name, one in said.items() if name.startswith("post ") and name.endswith("/check")]
    assert asked["requestBody"]["content"]["text/plain"]["example"] == REPORT


async def test_every_field_of_every_answer_has_an_example(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    lacking = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, said in schema.get("properties", {}).items()
        if "examples" not in said
    ]
    assert lacking == []


async def test_what_is_no_json_is_described_as_what_it_is(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert list(document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]) == ["text/plain"]
    one = document["paths"]["/v1/districts/{district}/bulletins/{number}"]["get"]["responses"]["200"]["content"]
    assert {kind.rpartition(".")[2] for kind in one} == {"application/json", "text/html", "document", "sheet"}


async def test_every_answer_has_an_etag_and_is_not_sent_again_in_any_of_its_forms(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    shown = [one for name, one in operations(document) if name.startswith("get /v1/")]
    assert len(shown) == len(QUESTIONS)
    for name, (path, params) in QUESTIONS.items():
        for kind in FORMS.get(name, TABLES):
            asked = {"Accept": TYPES[kind]}
            first = await client.get(path, params=params, headers=asked)
            assert (first.status_code, first.headers["content-type"].partition(";")[0]) == (200, TYPES[kind]), name
            by_ending = await client.get(f"{path}.{kind}", params=params)
            assert (by_ending.content, by_ending.headers["etag"]) == (first.content, first.headers["etag"]), name
            for sent in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
                again = await client.get(path, params=params, headers=asked | {"If-None-Match": sent})
                assert (again.status_code, again.content) == (304, b""), (name, kind, sent)


async def test_a_form_that_an_answer_has_not_is_a_problem_that_names_those_it_has(client: httpx.AsyncClient) -> None:
    for name, kind in (("bulletin", "csv"), ("compare", "xlsx"), ("compare", "html"), ("progress", "docx")):
        path, params = QUESTIONS[name]
        answer = await client.get(f"{path}.{kind}", params=params)
        body = answer.json()
        assert (answer.status_code, body["type"]) == (406, "urn:luodi:problem:not-acceptable"), (name, kind)
        assert "application/json" in body["detail"]


async def test_a_limit_beyond_the_most_is_a_problem_that_names_the_most(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    limits = {
        example: one["schema"]["maximum"]
        for example, (name, operation) in zip(QUESTIONS, _in_order(document), strict=True)
        for one in operation.get("parameters", [])
        if one["name"] == "limit"
    }
    thousand = ("districts", "all-progress", "parts", "projects", "bulletins")
    assert limits == dict.fromkeys(thousand, 1_000) | dict.fromkeys(("facts", "project"), 10_000)
    for name, most in limits.items():
        path, params = QUESTIONS[name]
        assert (await client.get(path, params=params | {"limit": str(most)})).status_code == 200
        answer = await client.get(path, params=params | {"limit": str(most + 1)})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:luodi:problem:bad-question")
        assert "limit" in answer.json()["detail"]
        assert str(most) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "listed", "key"),
    [
        ("districts", "districts", "district"),
        ("all-progress", "districts", "district"),
        ("facts", "facts", "id"),
        ("parts", "parts", "value"),
        ("project", "timeline", "id"),
        ("bulletins", "bulletins", "number"),
    ],
)
async def test_every_list_is_read_whole_page_by_page_by_its_links(
    client: httpx.AsyncClient, name: str, listed: str, key: str
) -> None:
    path, params = QUESTIONS[name]
    whole = (await client.get(path, params=params | {"limit": "1000"})).json()
    assert whole["next"] is None
    url: str | None = str(httpx.URL(path, params=params | {"limit": "1"}))
    found = []
    while url:
        answer = await client.get(url)
        [one] = answer.json()[listed]
        found.append(one)
        table = await client.get(url, headers={"Accept": "text/csv"})
        assert table.links == answer.links
        url = answer.links.get("next", {}).get("url")
        by_ending = await client.get(str(answer.request.url).replace("?", ".csv?"))
        assert by_ending.links.get("next", {}).get("url") == (url and url.replace("?", ".csv?"))
    assert len(found) >= 2
    assert [one[key] for one in found] == [one[key] for one in whole[listed]]


async def test_a_cursor_of_another_list_is_refused_by_every_list(client: httpx.AsyncClient) -> None:
    places = cursor("bulletins", "then", "2026-08-1"), cursor("districts"), cursor("overdue", "", "", "")
    for name in ("districts", "all-progress", "projects", "bulletins"):
        path, params = QUESTIONS[name]
        for wrong in ("x", *places):
            answer = await client.get(path, params=params | {"cursor": wrong})
            assert (answer.status_code, answer.json()["type"]) == (422, "urn:luodi:problem:bad-question"), (name, wrong)


async def test_a_failure_of_the_service_is_a_problem_that_tells_no_secret(
    settings: ReportingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("password=sesame")

    service = build(settings)
    async with served(service):
        transport = httpx.ASGITransport(app=service, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as asker:
            monkeypatch.setattr(asyncpg.Pool, "fetch", broken)
            answers = [await asker.get(path) for path in ("/v1/districts", "/v1/progress.csv", "/", "/check")]
            monkeypatch.undo()
    for answer in answers:
        assert answer.status_code == 500
        assert "sesame" not in answer.text
    for answer in answers[:2]:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() | {"detail": ""} == {
            "type": "urn:luodi:problem:failed",
            "title": "The service failed",
            "status": 500,
            "code": "failed",
            "detail": "",
        }
    assert all(answer.headers["content-type"].startswith("text/html") for answer in answers[2:])


async def test_every_answer_about_figures_is_given_by_another_version_of_the_definitions(
    client: httpx.AsyncClient,
) -> None:
    for name in ("all-progress", "progress", "series", "ratios", "facts", "parts", "indicators"):
        path, params = QUESTIONS[name]
        assert (await client.get(path, params=params | {"definitions": "2026.2"})).json()["definitions"] == "2026.2"
        unknown = await client.get(path, params=params | {"definitions": "1999"})
        assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:luodi:problem:unknown-definitions")


def _in_order(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The described questions in the order of `QUESTIONS`."""
    by_path = dict(operations(document))
    for path, _ in QUESTIONS.values():
        [name] = [
            name
            for name in by_path
            if name.startswith("get ") and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name.removeprefix("get ")), path)
        ]
        yield name, by_path[name]
