"""`luodi provision`, `luodi users` and `luodi schema` as an operator types them."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from typer.testing import CliRunner, Result

import deploy
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from services.cli import app
from shared.jetstream import ask
from shared.schema import asyncapi, json_schema
from tests.databases import drop
from tests.waiting import until

SHIPPED = Path(deploy.__file__).parent / "nats" / "users.conf"
DAY = 86_400 * 1_000_000_000


def types(*words: str, **settings: str) -> Result:
    return CliRunner().invoke(app, list(words), env=settings)


async def provision(nats_url: str, database_url: str, *options: str) -> Result:
    urls = {"LUODI_NATS_URL": nats_url, "LUODI_DATABASE_URL": database_url}
    return await asyncio.to_thread(types, "provision", *options, **urls)


async def everything(connection: Client) -> dict[str, Any]:
    """Every stream and consumer as the server has it: name → configuration."""
    found = {one["config"]["name"]: one["config"] for one in (await ask(connection, "STREAM.LIST"))["streams"]}
    for stream in list(found):
        for consumer in (await ask(connection, f"CONSUMER.LIST.{stream}"))["consumers"] or ():
            found[f"{stream}/{consumer['name']}"] = consumer["config"]
    return found


async def test_provision_makes_all_that_the_services_need_and_doing_it_again_changes_nothing(
    nats_url: str, postgres: Postgres
) -> None:
    admin = await asyncpg.connect(postgres.url, ssl=False)
    await admin.execute("create database test_provision")
    database_url = urlunsplit(urlsplit(postgres.url)._replace(path="/test_provision"))
    connection = await nats.connect(nats_url)
    try:
        first = await provision(nats_url, database_url)
        assert first.exit_code == 0, first.output
        made = await everything(connection)
        again = await provision(nats_url, database_url)
        assert again.exit_code == 0, again.output
        assert await everything(connection) == made
        database = await asyncpg.connect(database_url, ssl=False)
        schemas = await database.fetch("select schema_name from information_schema.schemata")
        await database.close()
    finally:
        await connection.close()
        await admin.close()
        await drop(postgres.url, "test_provision")
    assert {"ledger", "notifier", "reporting"} <= {row["schema_name"] for row in schemas}
    assert "stream EVENTS made" in first.stderr
    assert "stream EVENTS up to date" in again.stderr


async def test_the_streams_are_kept_as_the_design_has_it(provisioned: str, client: Client) -> None:
    made = await everything(client)

    def of(stream: str, *keys: str) -> list[Any]:
        return [made[stream].get(key) for key in keys]

    kept = ("subjects", "max_msgs_per_subject", "max_age")
    assert of("EVENTS", *kept, "allow_atomic", "deny_delete") == [["events.>"], -1, 0, True, True]
    assert of("LEDGER", *kept, "allow_atomic") == [["ledger.>"], 1, 0, True]
    assert of("REFUSALS", *kept) == [["refusals.*.*"], -1, 90 * DAY]
    assert of("REPORTS", *kept) == [["report.*.*.*"], 1, 0]
    assert {stream["retention"] for name, stream in made.items() if "/" not in name} == {"limits"}
    assert {name for name in made if "/" in name} == {
        "EVENTS/ledger",
        "LEDGER/notifier",
        "LEDGER/reporting",
        "REPORTS/notifier",
    }


async def test_a_database_that_is_away_is_told_after_what_was_done(nats_url: str) -> None:
    said = await provision(nats_url, "postgresql://luodi@127.0.0.1:1/luodi")
    assert said.exit_code == 2
    assert "stream EVENTS made" in said.stderr
    assert "Not provisioned:" in said.stderr


@pytest.mark.parametrize(("form", "document"), [("json", json_schema), ("asyncapi", asyncapi)])
def test_each_form_of_the_language_is_printed(form: str, document: Any) -> None:
    said = types("schema", form)
    assert (said.exit_code, json.loads(said.output)) == (0, document())


# Users


def test_the_list_of_users_that_is_shipped_is_the_one_that_is_printed() -> None:
    assert types("users", "500101/finance").output == SHIPPED.read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", ["finance", "500101", "50010/finance", "500101/Finance", "500101/luodi", "500101/a/b"])
def test_what_is_no_unit_is_refused(unit: str) -> None:
    said = types("users", unit)
    assert said.exit_code == 2
    assert unit in said.stderr


class NatsWithUsers(Nats):
    """Users are all that matters of it."""

    users = ""

    def _config(self) -> str:
        return super()._config() + self.users

    def url_of(self, user: str) -> str:
        return self.url.replace("//", f"//{user}:secret-of-{user}@")


async def test_units_of_one_name_in_two_districts_are_two_users_who_speak_for_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in ("LUODI", "CITY", "FINANCE_500101", "FINANCE_500202", "UNIT_2ND_OFFICE"):
        monkeypatch.setenv(f"{user}_NATS_PASSWORD", f"secret-of-{user.removeprefix('UNIT_').lower().replace('_', '-')}")
    server = NatsWithUsers(tmp_path / "nats", durable=False)
    server.users = types("users", "500101/finance", "500202/finance", "500101/2nd-office", "500101/finance").output
    await server.start()
    denied = []

    async def hear(error: Exception) -> None:
        denied.append(str(error))

    async def told() -> bool:
        return bool(denied)

    for user, own, foreign in (
        ("finance-500101", "events.500101.finance.P.x", "events.500202.finance.P.x"),
        ("2nd-office", "events.500101.2nd-office.P.x", "events.500101.finance.P.x"),
    ):
        denied.clear()
        connection = await nats.connect(server.url_of(user), inbox_prefix=f"_INBOX_{user}", error_cb=hear)
        await connection.publish(own, b"")
        await connection.publish(foreign, b"")
        await until(told)
        await connection.close()
        assert [foreign.lower() in one for one in denied] == [True]
    await server.stop()
