"""`luodi` lists its commands without loading them, and says of each what it says itself."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from services.cli import COMMANDS, Later, app, main

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
