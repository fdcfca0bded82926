"""`luodi reporting recompute` as an auditor types it, with nothing but files."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from services.reporting.cli import app
from services.reporting.domain.bulletin import sealed
from tests.bulletin_documents import funds, sealed_bulletin

BULLETIN = sealed_bulletin([funds("P-1", "f-1", "2026-03-01", "8480000000.00")])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "2026-08-1.json"
    written.write_bytes(orjson.dumps(BULLETIN))
    return written


def recompute(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["recompute", *map(str, arguments)])


def test_a_bulletin_that_follows_from_its_facts_is_said_to(file: Path) -> None:
    said = recompute(file)
    assert (said.exit_code, said.output) == (
        0,
        "Bulletin 2026-08-1 of 500101: every figure follows from its facts.\n",
    )


def test_each_line_printed_is_a_difference(file: Path) -> None:
    lines = [BULLETIN["indicators"][0] | {"completion_pct": "84.2"}, *BULLETIN["indicators"][1:]]
    file.write_bytes(orjson.dumps(sealed(BULLETIN | {"indicators": lines})))
    said = recompute(file)
    assert said.exit_code == 1
    assert said.output == "indicator funds-arrived: completion_pct: the bulletin says 84.2, its facts give 80.8\n"


def test_events_that_are_not_those_of_the_bulletin_are_named(file: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"[]\n")
    said = recompute(file, "--events", events)
    assert said.exit_code == 1
    assert said.output.splitlines() == [
        "fact /500101/finance f-1: not in the archive",
        "target /500101/investment t-funds-arrived: not in the archive",
        "target /500101/investment t-platform-signings: not in the archive",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a bulletin"),
        (b"{}", "not a bulletin of the form luodi-bulletin/1"),
        (b'{"form": "luodi-bulletin/1"}', "not a whole bulletin"),
    ],
)
def test_a_file_that_is_no_bulletin_is_no_difference_but_an_error(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    answer = recompute(file)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 1: not JSON"),
        (b'{"id": "1"}', "line 1: not an event as the ledger serves it"),
        (
            b'{"id": "1", "source": "/500101/finance", "type": "luodi.started.v1", "subject": "P-1",'
            b' "recorded_at": "2026-03-01T00:00:00Z", "data": {"on": "2026-13-01"}}',
            "line 1: data.on",
        ),
    ],
)
def test_a_line_that_is_no_event_is_named(file: Path, tmp_path: Path, line: bytes, said: str) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(line)
    answer = recompute(file, "--events", events)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())


def test_a_file_of_events_that_is_not_there_is_named(file: Path) -> None:
    answer = recompute(file, "--events", "absent.jsonl")
    assert answer.exit_code == 2
    assert "absent.jsonl" in answer.output
