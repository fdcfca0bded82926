"""The files for a cluster: the services as they are, without rights, restarted only when they do not answer."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import deploy
from services.notifier import rounds
from services.notifier.domain.directory import read_directory
from tests import composed

FOLDER = Path(deploy.__file__).parent / "kubernetes"
KUSTOMIZATION: Mapping[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
OBJECTS: list[Any] = [
    one
    for name in KUSTOMIZATION["resources"]
    for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
]
# What uvicorn gives to answers that are under way, and the notifier to its last round.
SHUTDOWN_SECONDS = 10 + rounds._LAST_ROUND_SECONDS

services = pytest.mark.parametrize("service", composed.SETTINGS)


def found(kind: str, name: str) -> Any:
    [one] = [one for one in OBJECTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return one


def pods() -> Iterator[Any]:
    """The pods that the Deployments and the Job start."""
    yield from (one["spec"]["template"] for one in OBJECTS if one["kind"] in ("Deployment", "Job"))


def container(pod: Any) -> Any:
    [one] = pod["spec"]["containers"]
    return one


def test_every_file_of_the_folder_is_applied_or_is_an_example() -> None:
    assert {file.name for file in FOLDER.glob("*.yaml")} - {"secret.yaml"} == {
        *KUSTOMIZATION["resources"],
        "kustomization.yaml",
        "secret.example.yaml",
    }


@services
def test_each_service_is_run_twice_reached_and_not_taken_away_whole(service: str) -> None:
    deployment, port = found("Deployment", service), composed.ports()[service]
    box = container(deployment["spec"]["template"])
    assert box["args"] == [service, "run"]
    assert composed.is_a_command(box["args"])
    assert box["ports"] == [{"name": "http", "containerPort": port}]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert found("Service", service)["spec"]["selector"] == labels
    assert found("Service", service)["spec"]["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]
    budget = found("PodDisruptionBudget", service)["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert budget["minAvailable"] < deployment["spec"]["replicas"]


@services
def test_only_a_process_that_does_not_answer_is_started_again(service: str) -> None:
    box = container(found("Deployment", service)["spec"]["template"])
    assert box["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert box["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert "startupProbe" not in box
    assert found("Service", service)["spec"]["publishNotReadyAddresses"] is True


@services
def test_a_service_has_the_time_to_finish_what_is_under_way(service: str) -> None:
    pod = found("Deployment", service)["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > SHUTDOWN_SECONDS


def test_no_pod_has_rights_that_it_does_not_need() -> None:
    every = list(pods())
    assert len(every) == 4
    for pod in every:
        spec, box = pod["spec"], container(pod)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert box["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert box["image"] == KUSTOMIZATION["images"][0]["name"]
        # A Service named luodi would give every pod a LUODI_PORT.
        assert spec["enableServiceLinks"] is False


def test_bus_and_database_are_provisioned_by_a_job_that_may_be_applied_again() -> None:
    job = found("Job", "provision")["spec"]
    *shell, command = container(job["template"])["command"]
    assert shell == ["sh", "-c"]
    said = [words.split() for words in re.findall(r"luodi ([^&]+)", command)]
    assert said == [["provision"], ["ledger", "rebuild", "--if-needed"]]
    assert job["ttlSecondsAfterFinished"] > 0


def test_every_setting_is_one_that_a_service_reads_and_every_source_of_settings_is_there() -> None:
    secret = yaml.safe_load((FOLDER / "secret.example.yaml").read_text(encoding="utf-8"))
    text = (FOLDER / "settings.env").read_text(encoding="utf-8")
    settings = re.findall(r"^(?:# )?(LUODI_[A-Z_]+)=", text, re.MULTILINE)
    assert {"LUODI_NATS_URL", "LUODI_DATABASE_URL", "LUODI_LINK_SECRET"} <= set(secret["stringData"])
    assert {*settings, *secret["stringData"]} <= composed.settings()
    assert not set(settings) & set(secret["stringData"])
    for pod in pods():
        assert container(pod)["envFrom"] == [
            {"configMapRef": {"name": "settings"}},
            {"secretRef": {"name": secret["metadata"]["name"]}},
        ]


def test_the_files_of_settings_are_mounted_where_they_are_said_to_be() -> None:
    generators = {one["name"]: one for one in KUSTOMIZATION["configMapGenerator"]}
    assert [(FOLDER / name).exists() for name in generators["files"]["files"]] == [True]
    read_directory((FOLDER / "config" / "directory.csv").read_bytes())
    text = (FOLDER / "settings.env").read_text(encoding="utf-8")
    for folder in re.findall(r"=(/[a-z/]+)/[a-z.-]+$", text, re.MULTILINE):
        for pod in pods():
            mounts = {one["mountPath"]: one["name"] for one in container(pod)["volumeMounts"]}
            assert {"name": mounts[folder], "configMap": {"name": "files"}} in pod["spec"]["volumes"]


def test_from_outside_only_the_pages_behind_links_are_reached() -> None:
    [rule] = found("Ingress", "answers")["spec"]["rules"]
    paths = {one["path"]: one["backend"]["service"]["name"] for one in rule["http"]["paths"]}
    assert paths == {"/ack": "notifier", "/mine": "notifier"}


def test_a_service_is_asked_on_its_port_only_and_asks_only_what_it_needs() -> None:
    policy = found("NetworkPolicy", "services")["spec"]
    [incoming], [outgoing] = policy["ingress"], policy["egress"]
    assert policy["podSelector"] == {}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert {one["port"] for one in incoming["ports"]} == set(composed.ports().values())
    assert {one["port"] for one in outgoing["ports"]} == {53, 4222, 5432}
    calls = found("NetworkPolicy", "messages")["spec"]
    assert calls["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "notifier"}
