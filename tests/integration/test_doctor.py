"""`luodi doctor` as an operator types it: what is wrong with an installation is named, with its remedy."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from nats.aio.client import Client
from typer.testing import CliRunner, Result

from deploy.doctor import disk, nats_checks
from deploy.doctor.clocks import compared
from deploy.local.nats import Nats
from services.cli import app, main
from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared import streams
from shared.jetstream import ask, put_stream
from tests.integration.conftest import running
from tests.integration.department import Department
from tests.providers.loopback import Reply, serving

NOBODY = {"LUODI_NATS_URL": "nats://127.0.0.1:1", "LUODI_DATABASE_URL": "postgresql://luodi@127.0.0.1:1/luodi"}


async def types(nats_url: str, database_url: str, *options: str, **settings: str) -> Result:
    urls = {"LUODI_NATS_URL": nats_url, "LUODI_DATABASE_URL": database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *options], env=urls | settings)


async def findings(nats_url: str, database_url: str, *options: str, code: int, **settings: str) -> dict[str, Any]:
    """What it found, by what it looked at; fails when it ends with another code."""
    said = await types(nats_url, database_url, "--json", *options, **settings)
    assert said.exit_code == code, said.output
    found: list[dict[str, Any]] = json.loads(said.stdout)
    return {one["about"]: one for one in found}


def wrong(found: dict[str, Any]) -> set[str]:
    return {about for about, one in found.items() if one["state"] == "wrong"}


async def test_nothing_is_wrong_after_provision(provisioned: str, database_url: str) -> None:
    found = await findings(provisioned, database_url, code=0)
    assert wrong(found) == set()
    assert {
        *("NATS", "max_payload", "JetStream", "stream EVENTS", "stream REPORTS", "consumer EVENTS/ledger"),
        *("Postgres", "locks", "schema ledger", "schema reporting", "records", "quarantine"),
        *("clock of NATS", "clock of Postgres", "policy and directory", "indicators"),
    } <= {about for about, one in found.items() if one["state"] == "ok"}


async def test_each_finding_has_a_line_with_its_remedy(nats_url: str, database_url: str) -> None:
    said = await types(nats_url, database_url)
    assert said.exit_code == 1
    assert "wrong   stream EVENTS: missing → run 'luodi provision'" in said.stdout.splitlines()
    assert "ok      schema ledger: up to date" in said.stdout.splitlines()


async def test_a_stream_and_a_consumer_that_are_missing_are_named(
    provisioned: str, client: Client, database_url: str
) -> None:
    await client.jetstream().delete_stream("REPORTS")
    await client.jetstream().delete_consumer("LEDGER", "notifier")
    found = await findings(provisioned, database_url, code=1)
    assert wrong(found) == {"stream REPORTS", "consumer REPORTS/notifier", "consumer LEDGER/notifier"}
    assert found["stream REPORTS"]["remedy"] == "run 'luodi provision'"


async def test_a_stream_whose_settings_were_changed_is_told_what_they_were(
    provisioned: str, client: Client, database_url: str
) -> None:
    await put_stream(client, {"name": "REFUSALS", "max_age": 3_600_000_000_000, "description": "ours"})
    found = await findings(provisioned, database_url, code=1)
    assert wrong(found) == {"stream REFUSALS"}
    assert found["stream REFUSALS"]["said"] == f"has max_age 3600000000000, not {90 * 86_400 * 10**9}"
    await streams.provision(provisioned)
    assert wrong(await findings(provisioned, database_url, code=0)) == set()


async def test_a_consumer_that_was_given_a_filter_is_told(provisioned: str, client: Client, database_url: str) -> None:
    config = (await ask(client, "CONSUMER.INFO.LEDGER.reporting"))["config"]
    changed = {"stream_name": "LEDGER", "config": config | {"filter_subject": "ledger.500101.>"}}
    await ask(client, "CONSUMER.CREATE.LEDGER.reporting.ledger.500101.>", changed)
    found = await findings(provisioned, database_url, code=1)
    assert "has filter_subject ledger.500101.>" in found["consumer LEDGER/reporting"]["said"]


async def test_a_server_that_takes_small_messages_only_is_told_what_to_allow(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.nats._MAX_PAYLOAD", "1MB")
    server = Nats(tmp_path / "nats", durable=False)
    await server.start()
    await streams.provision(server.url)
    found = await findings(server.url, database_url, code=1)
    await server.stop()
    assert wrong(found) == {"max_payload"}
    assert found["max_payload"]["remedy"] == "max_payload: 8MB"


async def test_many_messages_that_wait_are_a_warning(
    provisioned: str, client: Client, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_checks, "BEHIND", 0)
    await client.jetstream().publish("events.500101.finance.P-1.started", b"{}")
    found = await findings(provisioned, database_url, code=0)
    waiting = found["consumer EVENTS/ledger"]
    assert (waiting["state"], waiting["said"]) == ("warning", "1 messages wait")


async def test_a_migration_that_is_missing_is_named(provisioned: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url, ssl=False)
    await connection.execute("delete from notifier.schema_migrations where version = '20261101000000'")
    await connection.close()
    found = await findings(provisioned, database_url, code=1)
    assert wrong(found) == {"schema notifier"}
    assert found["schema notifier"] == {
        "about": "schema notifier",
        "state": "wrong",
        "said": "lacks migration 20261101000000",
        "remedy": "run 'luodi provision'",
    }


async def test_messages_that_are_parked_are_a_warning_with_their_codes(
    provisioned: str, client: Client, database_url: str
) -> None:
    async with running(build(LedgerSettings(nats_url=provisioned, database_url=database_url))):
        department = await Department.open(client)
        await department.say_raw("events.500101.finance.P-1.started", b"{")
        await department.acknowledged()
    found = await findings(provisioned, database_url, code=0)
    assert found["quarantine"]["state"] == "warning"
    assert "1 refused messages wait (1 not-json)" in found["quarantine"]["said"]


async def test_one_server_that_is_away_does_not_keep_the_other_from_being_looked_at(
    provisioned: str, database_url: str
) -> None:
    no_nats = await findings(NOBODY["LUODI_NATS_URL"], database_url, code=1)
    assert wrong(no_nats) == {"NATS"}
    assert no_nats["NATS"]["remedy"] == "start it, or set LUODI_NATS_URL"
    assert no_nats["schema ledger"]["state"] == "ok"
    no_postgres = await findings(provisioned, NOBODY["LUODI_DATABASE_URL"], code=1)
    assert wrong(no_postgres) == {"Postgres"}
    assert no_postgres["stream EVENTS"]["state"] == "ok"


async def test_without_both_servers_it_cannot_look() -> None:
    assert wrong(await findings(*NOBODY.values(), code=2)) == {"NATS", "Postgres"}


async def test_files_and_settings_are_held_to_what_their_services_say_of_them(
    provisioned: str, database_url: str, tmp_path: Path
) -> None:
    policy, indicators = tmp_path / "policy.toml", tmp_path / "indicators.toml"
    policy.write_text("[rule", encoding="utf-8")
    indicators.write_text("definitions =", encoding="utf-8")
    files = {"LUODI_POLICY": str(policy), "LUODI_INDICATORS": str(indicators)}
    found = await findings(provisioned, database_url, code=1, **files)
    assert wrong(found) == {str(policy), "indicators"}
    found = await findings(provisioned, database_url, code=1, LUODI_LINK_DAYS="0")
    assert wrong(found) == {"settings of notifier"}
    assert found["settings of notifier"]["said"].startswith("LUODI_LINK_DAYS: ")


def ready(checks: dict[str, str]) -> Reply:
    """As /readyz of a service."""
    fine = all(sentence == "ok" for sentence in checks.values())
    return Reply(200 if fine else 503, json.dumps({"ready": fine, "checks": checks}).encode())


async def test_services_whose_addresses_are_known_are_asked_whether_they_are_ready(
    provisioned: str, database_url: str
) -> None:
    unready = {"postgres": "ok", "rebuild": "rebuild needed: the folds are not those: run 'luodi ledger rebuild'"}
    with serving(lambda _: ready(unready)) as ledger, serving(lambda _: ready({"nats": "ok"})) as reporting:
        addresses = ("--ledger", ledger, "--reporting", reporting, "--notifier", "http://127.0.0.1:1")
        found = await findings(provisioned, database_url, *addresses, code=1)
    assert wrong(found) == {"ledger, rebuild", "notifier"}
    assert found["ledger, rebuild"]["remedy"] == "run 'luodi ledger rebuild'"
    assert found["reporting"]["said"] == "ready"


async def test_the_stack_on_a_data_directory_is_looked_at_by_its_addresses(
    provisioned: str, database_url: str, tmp_path: Path
) -> None:
    with serving(lambda _: ready({"nats": "ok"})) as service:
        addresses = {"nats": provisioned, "postgres": database_url}
        addresses |= dict.fromkeys(("ledger", "notifier", "reporting"), service)
        (tmp_path / "addresses.json").write_text(json.dumps(addresses), encoding="utf-8")
        found = await findings(*NOBODY.values(), "--data-dir", str(tmp_path), code=0)
    assert {found[about]["state"] for about in ("NATS", "Postgres", "ledger", "notifier", "reporting")} == {"ok"}
    assert "disk of the data directory" in found
    nothing = await types(*NOBODY.values(), "--data-dir", str(tmp_path / "nothing"))
    assert nothing.exit_code == 2
    assert "no 'luodi up' is ready there" in nothing.stderr


async def test_a_setting_that_every_service_reads_ends_it_when_it_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["luodi", "doctor"])
    monkeypatch.setenv("LUODI_LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "Wrong setting: LUODI_LOG_LEVEL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        (0.5, "ok", "as this machine's"),
        (-1.9, "ok", "as this machine's"),
        (3.0, "wrong", "3 seconds ahead of this machine's"),
        (-60.0, "wrong", "60 seconds behind this machine's"),
    ],
)
def test_clocks_may_differ_by_two_seconds(ahead: float, state: str, said: str) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    found = compared("NATS", now, now + timedelta(seconds=ahead), now)
    assert (found.state, found.said) == (state, said)


@pytest.mark.parametrize(("free", "state"), [(0.4, "wrong"), (1.9, "warning"), (2.0, "ok")])
def test_a_disk_that_is_nearly_full_is_told(
    free: float, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=free * 1024**3)

    monkeypatch.setattr("shutil.disk_usage", usage)
    found = disk.room("disk", tmp_path)
    assert (found.state, found.said) == (state, f"{free:.1f} GB free")
