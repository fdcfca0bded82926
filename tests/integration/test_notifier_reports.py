"""What reporting publishes reaches the notifier over the bus."""

from pathlib import Path
from typing import Any

import httpx
from nats.aio.client import Client
from pydantic import SecretStr

from services.notifier.app import build
from services.notifier.settings import NotifierSettings
from tests.integration.conftest import running
from tests.integration.notifier_office import LINK_SECRET, POLICIES, START
from tests.integration.test_notifier_mornings import PEOPLE, reports
from tests.waiting import until


async def test_an_indicator_behind_its_time_becomes_a_case(
    provisioned: str, client: Client, database_url: str, tmp_path: Path
) -> None:
    directory = tmp_path / "directory.csv"
    directory.write_text(PEOPLE, encoding="utf-8")
    settings = NotifierSettings(
        nats_url=provisioned,
        database_url=database_url,
        policy=POLICIES / "mornings.toml",
        directory=directory,
        link_secret=SecretStr(LINK_SECRET.decode()),
        tick_seconds=0.02,
    )
    async with running(build(settings, clock=lambda: START)) as app:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notifier")
        stream = client.jetstream()
        for arrived in reports("-26.9"):
            await stream.publish(arrived.subject, arrived.payload)
        # A bulletin on the same stream is not for the notifier.
        await stream.publish("report.500101.bulletin.2026-08", b"{}")

        async def opened() -> list[Any]:
            found: list[Any] = (await http.get("/v1/cases")).json()["unresolved"]
            return found

        await until(opened)
        (case,) = await opened()
        assert (case["rule"], case["project"]) == ("indicator-behind", "target-2026-funds-arrived")
        assert (await http.get("/readyz")).json()["checks"]["reports"] == "ok"
        await http.aclose()
