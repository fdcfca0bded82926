"""The whole stack as its users live it: events in by plain nats-py, figures out over HTTP and on the wall chart."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest

from tests.acceptance.test_up import Stack
from tests.waiting import PATIENCE, until

DISTRICT = "500102"
PROJECT = "P-2026-900"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of a running `luodi up --demo`."""
    stack = Stack(tmp_path_factory.mktemp("main-job") / "data", "--demo")
    try:
        known = stack.addresses()
        # The inbox stands in for the providers; whoever integrates never calls it, so it is not among the addresses.
        office = re.search(r"(http://[\d.:]+)/hooks/office", (stack.data / "directory.csv").read_text(encoding="utf-8"))
        assert office is not None
        yield known | {"inbox": office.group(1)}
        assert stack.stop() == 0
    finally:
        stack.process.kill()


def get(url: str, **params: str) -> Any:
    answer = httpx.get(url, params=params, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def progress(addresses: dict[str, str], district: str) -> dict[str, dict[str, Any]]:
    """The district's indicators through 31 August, by code."""
    url = f"{addresses['reporting']}/v1/districts/{district}/progress"
    return {one["code"]: one for one in get(url, year="2026", through="2026-08-31")["indicators"]}


def event(unit: str, subject: str, event_id: str, name: str, data: dict[str, Any]) -> tuple[str, bytes]:
    """An event by hand, with the subject that it belongs under."""
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/{DISTRICT}/{unit}",
        "type": f"luodi.{name}.v1",
        "subject": subject,
        "data": data,
    }
    return f"events.{DISTRICT}.{unit}.{subject}.{name}", json.dumps(document).encode()


def contract(event_id: str = "c1", amount: str = "500000000") -> tuple[str, bytes]:
    return event("investment", PROJECT, event_id, "signed", {"on": "2026-03-01", "kind": "contract", "amount": amount})


@pytest.mark.parametrize(
    ("code", "actual", "target", "completion"),
    [
        ("funds-arrived", "84.8", "105", "80.8"),
        ("funds-outside-province", "55.4", "68", "81.5"),
        ("signed-major", "10", "10", "100.0"),
        ("platform-signings", "152.8", "130", "117.5"),
    ],
)
def test_the_demo_year_stands_at_its_figures(
    addresses: dict[str, str], code: str, actual: str, target: str, completion: str
) -> None:
    stands = progress(addresses, "500101")[code]
    assert (stands["actual"], stands["target"], stands["completion_pct"]) == (actual, target, completion)
    page = httpx.get(f"{addresses['reporting']}/districts/500101", params={"year": "2026", "through": "2026-08-31"})
    for figure in (actual, target, completion, stands["title"]):
        assert figure in page.text


def test_eighteen_projects_were_signed_on_provincial_platforms(addresses: dict[str, str]) -> None:
    assert progress(addresses, "500101")["platform-signings"]["projects"] == 18


async def test_what_an_integrator_publishes_shows_in_the_ledger_and_in_the_figures(addresses: dict[str, str]) -> None:
    connection = await nats.connect(addresses["nats"])
    stream = connection.jetstream()
    refusals = await connection.subscribe(f"refusals.{DISTRICT}.>")

    async def recorded(events: int) -> dict[str, Any]:
        url = f"{addresses['ledger']}/v1/districts/{DISTRICT}/projects/{PROJECT}"

        async def stands() -> bool:
            answer = await asyncio.to_thread(httpx.get, url)
            return answer.status_code == 200 and bool(answer.json()["revision"] >= events)

        await until(stands)
        record: dict[str, Any] = get(url)
        return record

    async def counted(code: str, actual: str) -> None:
        url = f"{addresses['reporting']}/v1/districts/{DISTRICT}/progress"

        async def stands() -> bool:
            answer = await asyncio.to_thread(
                httpx.get, url, params={"year": "2026", "through": "2026-08-31"}, timeout=PATIENCE
            )
            return answer.status_code == 200 and any(
                one["code"] == code and one["actual"] is not None and Decimal(one["actual"]) == Decimal(actual)
                for one in answer.json()["indicators"]
            )

        await until(stands)

    try:
        await stream.publish(*contract())
        first = await recorded(1)
        assert (first["stage"], first["contract_amount"]) == ("signed", "500000000.00")
        arrived = {"on": "2026-04-01", "amount": "120000000.00", "origin": "440300", "nature": "fixed-assets"}
        await stream.publish(*event("finance", PROJECT, "f1", "funds-arrived", arrived))
        target = {"on": "2026-01-15", "year": 2026, "indicator": "funds-arrived", "value": "2", "issued_by": "市政府"}
        await stream.publish(*event("investment", "target-2026-funds-arrived", "t1", "target-set", target))
        await counted("funds-arrived", "1.2")
        await counted("signed-major", "1")
        before = await recorded(2)

        # The same again changes nothing; other content under the same identity is refused; so is what is no event.
        await stream.publish(*contract())
        reused = await stream.publish(*contract(amount="900000000"))
        told = json.loads((await refusals.next_msg(PATIENCE)).data)
        assert (told["code"], told["stream_sequence"]) == ("id-reused", reused.seq)
        broken = await stream.publish(f"events.{DISTRICT}.finance.{PROJECT}.funds-arrived", b'{"id": "f2"')
        told = json.loads((await refusals.next_msg(PATIENCE)).data)
        assert (told["code"], told["unit"], told["stream_sequence"]) == ("not-json", "finance", broken.seq)

        assert await recorded(2) == before
        parked = get(f"{addresses['ledger']}/v1/quarantine", district=DISTRICT)
        assert [one["code"] for one in parked] == ["id-reused", "not-json"]
        await counted("funds-arrived", "1.2")
    finally:
        await connection.close()


async def test_a_late_milestone_is_pushed_to_the_lead_official_acknowledged_and_resolved(
    addresses: dict[str, str],
) -> None:
    project, official = "P-2026-901", "王建国 副区长"
    connection = await nats.connect(addresses["nats"])
    stream = connection.jetstream()

    async def messages(title: str) -> list[dict[str, Any]]:
        received = await asyncio.to_thread(get, f"{addresses['inbox']}/messages")
        return [one for one in received if project in one["content"] and title in one["content"]]

    async def case() -> dict[str, Any]:
        cases = await asyncio.to_thread(get, f"{addresses['notifier']}/v1/cases")
        return next(one for one in cases["unresolved"] if one["project"] == project)

    async def told(title: str) -> list[dict[str, Any]]:
        """The official's messages once they have come into the group and over the webhook."""

        async def came() -> bool:
            return {one["kind"] == "webhook" for one in await messages(title) if official in one["to"]} == {True, False}

        await until(came, 60)
        return [one for one in await messages(title) if official in one["to"]]

    try:
        claimed = {"on": "2026-01-10", "lead_official": official, "lead_unit": "区经济信息委"}
        await stream.publish(*event("investment", project, "n1", "claimed", claimed))
        timetable = {"on": "2026-01-10", "milestones": {"started": "2026-02-27"}}
        await stream.publish(*event("investment", project, "n2", "timetable-set", timetable))

        pushed = await told("落地催办")
        assert len(pushed) == 2
        assert "原定2月27日前开工" in pushed[0]["content"]
        link = next(re.search(r"http://\S+/ack/[\w.~-]+", one["content"]) for one in pushed if one["kind"] == "webhook")
        assert link is not None
        page = await asyncio.to_thread(httpx.get, link.group())
        assert project in page.text
        assert (await case())["state"] == "open"
        assert (await asyncio.to_thread(httpx.post, link.group())).status_code == 200
        assert (await case())["state"] == "acknowledged"

        await stream.publish(*event("planning", project, "n3", "started", {"on": "2026-03-05"}))
        await told("落地办结")
        assert len(await told("落地催办")) == 2
    finally:
        await connection.close()


def test_publish_prints_a_line_for_each_refusal_and_fails(addresses: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    reused = contract("c9")[1], contract("c9", amount="1.00")[1]
    file.write_bytes(b"\n".join([*reused, contract("c10", amount="1.234")[1], b"{", contract("c11")[1]]))
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", "publish", str(file)],
        env={**os.environ, "LUODI_NATS_URL": addresses["nats"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert [line.split(": ")[:2] for line in ended.stdout.splitlines()] == [
        ["line 2", "id-reused"],
        ["line 3", "invalid-data"],
        ["line 4", "not-json"],
    ]
    assert "2 recorded, 3 refused" in ended.stderr
