"""`luodi` lists its commands without loading them, and says of each what it says itself."""

import re
import runpy
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from services.cli import COMMANDS, Later, app, main
from services.notifier.settings import NotifierSettings
from shared.command import run
from shared.settings import wrong_settings

HEAVY = ("aiohttp", "asyncpg", "fastapi", "faststream", "nats", "pydantic", "services.ledger")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]  # a group, as typer does not say
    assert isinstance(command, Later)
    own = command.load().help.partition("\n\n")[0].replace("\n", " ")
    assert own.startswith(command.help)


def test_the_list_of_commands_is_shown_without_loading_what_they_need() -> None:
    look = (
        "import sys; from typer.testing import CliRunner; from services.cli import COMMANDS, app; "
        "said = CliRunner().invoke(app, ['--help']).output; assert all(name in said for name in COMMANDS); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_command_of_a_service_is_reached_through_the_front_door() -> None:
    ended = CliRunner().invoke(app, ["ledger", "digest", "50010"])
    assert ended.exit_code == 2
    assert "50010 is no GB/T 2260 code of six digits" in ended.output


def test_a_setting_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["luodi", "ledger", "digest", "500101"])
    monkeypatch.setenv("LUODI_LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "Wrong setting: LUODI_LOG_LEVEL: " in capsys.readouterr().err


def test_the_front_door_says_its_version_and_where_to_begin() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"luodi {version('luodi')}\n"
    assert "luodi up --demo" in CliRunner().invoke(app, ["--help"]).output


@pytest.mark.parametrize("service", ["ledger", "notifier", "reporting"])
def test_a_service_by_itself_names_a_wrong_setting_as_the_front_door_does(
    service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["luodi", "run"])
    monkeypatch.setenv("LUODI_PORT", "many")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"services.{service}", run_name="__main__")
    assert ended.value.code == 2
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("Wrong setting: LUODI_PORT: Input should be a valid integer")


def test_what_is_wrong_within_a_setting_is_named_by_the_variable_and_the_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LUODI_WECOM_APPS", '{"office": {"corpid": "ww1", "agentid": 1}}')
    with pytest.raises(ValidationError) as raised:
        NotifierSettings()
    assert wrong_settings(raised.value) == ["LUODI_WECOM_APPS: office.secret: Field required"]


def test_an_error_that_is_not_about_settings_is_not_called_one() -> None:
    class Other(BaseModel):
        port: int

    def command() -> None:
        Other.model_validate({"port": "many"})

    with pytest.raises(ValidationError):
        run(command)


def test_the_help_of_each_service_names_its_variables_and_its_port() -> None:
    for service, port in {"ledger": 8081, "notifier": 8082, "reporting": 8080}.items():
        said = " ".join(CliRunner().invoke(app, [service, "run", "--help"]).output.split())
        assert f"Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT ({port})" in said


@pytest.mark.parametrize(
    "command",
    [
        "provision",
        "ledger verify",
        "ledger rebuild",
        "ledger digest 500101",
        "notifier explain P-1",
        "notifier resume",
        "notifier silence list",
        "reporting bulletins",
        "quarantine list",
        "quarantine retry 5",
        "simulate --publish --until 2026-01-05",
    ],
)
def test_a_command_whose_servers_are_away_says_so_and_ends_with_2(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUODI_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("LUODI_DATABASE_URL", "postgresql://luodi@127.0.0.1:1/luodi")
    ended = CliRunner().invoke(app, command.split())
    assert ended.exit_code == 2, ended.output
    assert re.search("LUODI_(NATS|DATABASE)_URL", ended.stderr)
