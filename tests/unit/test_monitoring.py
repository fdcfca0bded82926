"""Prometheus and Grafana: every alert that the documentation names, over metrics that the services serve."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest_asyncio
import yaml

import deploy
from tests import composed

DEPLOY = Path(deploy.__file__).parent
OPERATION = (DEPLOY.parent / "docs" / "operation.md").read_text(encoding="utf-8")
RULES: list[Mapping[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: Mapping[str, Any] = json.loads((DEPLOY / "grafana" / "dashboards" / "luodi.json").read_text("utf-8"))
DURATIONS = {"five minutes": "5m", "ten minutes": "10m", "": None}

_ALERT = re.compile(r"^- `([^`]+)`(?: for (\w+ minutes))?: ", re.MULTILINE)
_CHINESE = re.compile(r"[一-鿿]")


@pytest_asyncio.fixture
async def served() -> str:
    """What the services tell Prometheus before anything has happened."""
    return await composed.metrics()


def panels() -> Iterator[Mapping[str, Any]]:
    yield from (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def expressions() -> Iterator[str]:
    """Everything that is asked of Prometheus."""
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def test_every_alert_that_is_worth_one_is_a_rule_and_no_other() -> None:
    section = OPERATION.partition("Worth an alert:")[2].partition("\n## ")[0]
    told = {expression: DURATIONS[minutes] for expression, minutes in _ALERT.findall(section)}
    assert len(told) == section.count("\n- ")
    assert {rule["expr"]: rule.get("for") for rule in RULES} == told


def test_every_alert_says_in_chinese_what_it_is_and_how_urgent() -> None:
    for rule in RULES:
        assert _CHINESE.search(rule["annotations"]["summary"]), rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


async def test_every_metric_that_is_asked_for_is_served(served: str) -> None:
    names = composed.metric_names(served)
    histograms = {name for name in names if f"# TYPE {name} histogram" in served}
    known = names | {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
    asked = {name for expression in expressions() for name in re.findall(r"\bluodi_\w+", expression)}
    assert asked <= known
    assert len(asked) > len(RULES)


async def test_a_counter_whose_rise_is_an_alert_is_told_before_it_rises(served: str) -> None:
    rising = [name for rule in RULES for name in re.findall(r"increase\((\w+)", rule["expr"])]
    assert rising
    for name in rising:
        assert re.search(rf"^{name}\{{.*\}} 0\.0$", served, re.MULTILINE), name


def test_prometheus_asks_each_service_where_it_answers() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    asked = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    assert asked == {name: [f"{name}:{port}"] for name, port in composed.ports().items()}
    assert config["rule_files"] == ["alerts.yml"]


def test_grafana_finds_its_data_and_its_dashboard() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    [source] = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text("utf-8"))["datasources"]
    [provider] = yaml.safe_load((folder / "dashboards" / "luodi.yaml").read_text("utf-8"))["providers"]
    parts = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert source["url"] == f"http://prometheus:{parts['prometheus']['ports'][0].rpartition(':')[2]}"
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in parts["grafana"]["volumes"]
    for panel in panels():
        assert panel["datasource"]["uid"] == source["uid"]
        assert _CHINESE.search(panel["title"])
