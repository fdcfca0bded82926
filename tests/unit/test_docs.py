"""Holds the documentation to the code: commands, settings, links, paths, metrics and events that it names exist."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from services.cli import app as luodi
from services.ledger.department.settings import DepartmentSettings
from shared.envelope import Event, Refusal, judge, judge_alone
from shared.settings import Settings
from tests import composed

ROOT = Path(__file__).parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
OPERATION = ROOT / "docs" / "operation.md"
PAGES = (README, CHINESE, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
SETTINGS: Mapping[str, type[Settings]] = {
    "every service": Settings,
    "department": DepartmentSettings,
    **composed.SETTINGS,
}
STANDARD_PORTS = {port: service for service, port in composed.ports().items()}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"(?:^|[\s;|(])(?:\.venv/bin/)?luodi ([^\n|;>)#]*)", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SETTING = re.compile(r"\bLUODI_[A-Z_]+[A-Z]\b")
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)(/[^\s\"'`)]*)")
_REQUEST = re.compile(r"(?:(GET|POST|PUT|DELETE) )?(/(?:v1|livez|readyz|metrics|cases|ack|districts)\b[^\s\"'`),]*)")
_METRIC = re.compile(r"\bluodi_(?:ready|pending|(?:ledger|notifier|reporting)_[a-z_]+)")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_every_command_named_exists_with_its_options(page: Path) -> None:
    for command in _commands(page):
        assert composed.is_a_command(command), f"luodi {' '.join(command)}"


def test_every_command_is_named_on_the_page_about_operation() -> None:
    named = [" ".join(words) for words in _commands(OPERATION)]
    for command in _every_command():
        assert any(f"{words} ".startswith(f"{command} ") for words in named), f"not named: luodi {command}"


@pages
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for code in _code(page) for target in re.findall(r"^make ([a-z]+)", code, re.MULTILINE)} <= targets


def test_the_page_about_operation_has_a_row_for_each_setting_as_the_code_has_it() -> None:
    lines = OPERATION.read_text(encoding="utf-8").splitlines()
    for of, kind in SETTINGS.items():
        for row in _setting_rows(kind):
            assert row in lines, f"docs/operation.md lacks this row of {of}:\n{row}"


@pages
def test_no_setting_is_named_that_does_not_exist(page: Path) -> None:
    known = composed.settings()
    assert set(_SETTING.findall(page.read_text(encoding="utf-8"))) <= known


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


@pages
async def test_every_path_named_is_answered_by_the_service_it_is_asked_of(page: Path) -> None:
    apps = composed.apps()
    for code in _code(page):
        for port, path in _URL.findall(code):
            if service := STANDARD_PORTS.get(int(port)):
                assert _answers(apps[service], None, path), f"{service} does not answer {path}"
        for method, path in _REQUEST.findall(_URL.sub("", code)):
            assert any(_answers(app, method, path) for app in apps.values()), f"nobody answers {method} {path}"


async def test_the_page_about_operation_names_every_metric_and_no_other() -> None:
    served = composed.metric_names(await composed.metrics())
    assert set(_METRIC.findall(OPERATION.read_text(encoding="utf-8"))) == served


def test_both_readmes_show_the_same_commands_code_and_answers() -> None:
    assert _fences(CHINESE) == _fences(README)


def test_the_program_in_the_readme_publishes_an_event() -> None:
    [program] = [text for kind, text in _fences(README) if kind == "python"]
    tree = ast.parse(program)
    [event] = [
        ast.literal_eval(line.value) for line in tree.body if isinstance(line, ast.Assign) and _names(line) == "event"
    ]
    [subject] = re.findall(r'"(events\.[^"]+)"', program)
    assert isinstance(judge(subject, json.dumps(event).encode()), Event)


def test_the_events_of_the_readme_are_taken_or_refused_as_it_says() -> None:
    texts = [text for kind, text in _fences(README) if kind == "text"]
    said = "\n".join(texts)
    [lines] = [text.splitlines() for kind, text in _fences(README) if kind == "json" and text.startswith('{"specv')]
    verdicts = [judge_alone(line.encode()) for line in lines]
    refused = [(number, one) for number, one in enumerate(verdicts, 1) if isinstance(one, Refusal)]
    assert refused
    for number, refusal in refused:
        assert f"line {number}: {refusal.code}: {refusal.reason}" in said
    assert f"{len(lines) - len(refused)} recorded, {len(refused)} refused" in said


def _text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _fences(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page: language and content."""
    return _FENCE.findall(_text_of(page))


def _code(page: Path) -> Iterator[str]:
    """Everything on a page that is set as code."""
    yield from (content for _, content in _fences(page))
    yield from _CODE.findall(_FENCE.sub("", _text_of(page)))


def _commands(page: Path) -> Iterator[list[str]]:
    """The words after each `luodi`."""
    for code in _code(page):
        for words in _COMMAND.findall(code):
            yield words.split()


def _every_command() -> list[str]:
    def below(command: Any, name: str) -> Iterator[str]:
        if not hasattr(command, "commands"):
            yield name
            return
        for word, child in command.commands.items():
            yield from below(composed.loaded(child), f"{name} {word}".strip())

    return list(below(typer.main.get_command(luodi), ""))


def _setting_rows(kind: type[Settings]) -> Iterator[str]:
    """A row for each setting that the class names, a port for each service: variable, default, what it is."""
    for name, field in kind.model_fields.items():
        if name in kind.__annotations__ and (name != "port" or kind is not Settings):
            default = _default(field.get_default(call_default_factory=True))
            yield f"| `LUODI_{name.upper()}` | {default} | {field.description or _choices(field.annotation)} |"


def _choices(annotation: object) -> str:
    return ", ".join(f"`{choice}`" for choice in get_args(annotation))


def _default(value: object) -> str:
    if value is PydanticUndefined or isinstance(value, SecretStr):
        raise AssertionError("a secret has no default")
    if value is None or value == {}:
        return ""
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", _text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _answers(app: FastAPI, method: str | None, path: str) -> bool:
    """Whether a service has the path, with such query parameters where it says which it takes."""
    path, _, query = path.partition("?")
    for route in _routes(app):
        shape = re.sub(r"\{\w+\}", "[^/]+", route.path)
        if re.fullmatch(shape, path) and (not method or method in (route.methods or ())):
            return not route.include_in_schema or _parameters(query) <= _taken(app, route)
    return False


def _routes(app: FastAPI) -> list[APIRoute]:
    routers = [app.router, *(route.original_router for route in app.routes if hasattr(route, "original_router"))]
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def _parameters(query: str) -> set[str]:
    return {pair.partition("=")[0] for pair in query.split("&") if pair}


def _taken(app: FastAPI, route: APIRoute) -> set[str]:
    operation = next(iter(app.openapi()["paths"][route.path].values()))
    return {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}


def _names(line: ast.Assign) -> str:
    return ",".join(target.id for target in line.targets if isinstance(target, ast.Name))
