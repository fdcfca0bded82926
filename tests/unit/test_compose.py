"""The compose file: the services as they are, in an order that works, open to this machine only."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import deploy
from tests import composed

DEPLOY = Path(deploy.__file__).parent
TEXT = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: Mapping[str, Any] = yaml.safe_load(TEXT)
PARTS: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]

services = pytest.mark.parametrize("service", composed.SETTINGS)


def variables(file: str) -> dict[str, str]:
    """The variables of a file of settings, also of those that wait to be needed."""
    text = (DEPLOY / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


@services
def test_each_service_runs_is_looked_at_and_answers_on_this_machine_only(service: str) -> None:
    part, port = PARTS[service], composed.ports()[service]
    assert composed.is_a_command(part["command"])
    assert part["command"] == [service, "run"]
    assert part["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"http://127.0.0.1:{port}/livez" in part["healthcheck"]["test"][-1]
    assert (part["restart"], part["read_only"], part["cap_drop"]) == ("unless-stopped", True, ["ALL"])


@services
def test_a_service_starts_once_bus_and_database_are_provisioned(service: str) -> None:
    assert PARTS[service]["depends_on"] == {"provision": {"condition": "service_completed_successfully"}}


def test_bus_and_database_are_provisioned_once_both_answer() -> None:
    part = PARTS["provision"]
    healthy = {"condition": "service_healthy"}
    assert part["depends_on"] == {"nats": healthy, "postgres": healthy}
    assert "healthcheck" in PARTS["nats"]
    assert "healthcheck" in PARTS["postgres"]
    assert part["restart"] == "no"
    [command] = part["command"]
    said = [words.split() for words in re.findall(r"luodi ([^&]+)", command)]
    assert said == [["provision"], ["ledger", "rebuild", "--if-needed"]]
    assert all(map(composed.is_a_command, said))


def test_what_must_be_kept_is_in_volumes_and_what_is_mounted_is_there() -> None:
    mounted = [volume.split(":") for part in PARTS.values() for volume in part.get("volumes", ())]
    for source, *_ in mounted:
        assert source in COMPOSE["volumes"] or source == "${LUODI_CONFIG" or (DEPLOY / source).exists(), source
    assert ["nats", "/data"] in mounted
    assert "store_dir: /data" in (DEPLOY / "nats" / "nats.conf").read_text(encoding="utf-8")
    assert ["postgres", "/var/lib/postgresql"] in mounted


def test_every_password_is_asked_for_and_none_is_in_a_file() -> None:
    wanted, known = re.findall(r"\$\{([A-Z_]+):\?", TEXT), variables(".env.example")
    assert {name for name, value in known.items() if value == ""} == set(wanted)
    assert {name for name in known if "PASSWORD" in name} == set(wanted)
    in_nats = set(re.findall(r"\$([A-Z_]+_PASSWORD)", (DEPLOY / "nats" / "users.conf").read_text(encoding="utf-8")))
    assert in_nats == set(PARTS["nats"]["environment"])


def test_the_settings_are_ones_that_a_service_reads() -> None:
    settings = variables("luodi.env.example")
    assert "LUODI_LINK_SECRET" in settings
    for name in (*settings, *(name for part in composed.SETTINGS for name in PARTS[part]["environment"])):
        assert name in composed.settings(), name


def test_what_holds_passwords_is_kept_out_of_git() -> None:
    ignored = (DEPLOY.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"deploy/.env", "deploy/luodi.env", "deploy/config/", "deploy/kubernetes/secret.yaml"} <= set(ignored)
