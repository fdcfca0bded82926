"""Reporting's commands, as an operator types them."""

from pathlib import Path

from typer.testing import CliRunner

import services.reporting
from services.reporting.cli import app

PACKAGED = Path(services.reporting.__file__).with_name("indicators.toml")


def test_a_good_file_of_indicators_is_listed() -> None:
    said = CliRunner().invoke(app, ["check-indicators", str(PACKAGED)])
    assert said.exit_code == 0
    assert "signed-major  新签约投资5亿元及以上项目（个）" in said.output
    assert "4 indicators, definitions 2026.1: nothing wrong." in said.output


def test_a_bad_file_of_indicators_is_told_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(PACKAGED.read_text(encoding="utf-8").replace('"sum"', '"total"'), encoding="utf-8")
    said = CliRunner().invoke(app, ["check-indicators", str(file)])
    assert said.exit_code == 1
    assert said.output.count("mine.toml, line") == 3


def test_a_file_that_is_not_there_is_an_error_of_usage() -> None:
    assert CliRunner().invoke(app, ["check-indicators", "absent.toml"]).exit_code == 2
