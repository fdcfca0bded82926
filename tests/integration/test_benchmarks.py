"""The benchmark itself, on so little work that its figures mean nothing: it runs, ends, and its rows are whole."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from deploy.local.process import Command, Process

_AT_MOST_SECONDS = 120.0


async def test_the_benchmark_measures_the_ledger_and_the_raw_loop_on_the_same_events(server_path: Path) -> None:
    rows = await _measured(server_path, "--only", "raw", "--only", "ledger", "--events", "300")

    for name in ("raw", "ledger"):
        (lap,) = rows[name]["rounds"]
        assert lap["whole"]
        assert lap["events"] >= 299
        assert lap["seconds"] > 0
        assert set(lap["cores"]) == {"program", "postgres", "nats"}
        assert lap["memory"]["100"] > 10
    assert rows["raw"]["ratio_to_raw"] == 1
    assert rows["ledger"]["ratio_to_raw"] > 0


async def test_the_benchmark_sees_every_event_as_a_row_and_in_a_record(server_path: Path) -> None:
    rows = await _measured(server_path, "--only", "latency-100")

    (delay,) = rows["latency-100"]["rounds"]
    assert delay["events"] == 100
    assert delay["unseen"] == 0
    assert delay["stored"]["p50"] > 0
    assert 0 < delay["row"]["p50"] <= delay["row"]["p99"]
    assert 0 < delay["record"]["p50"] <= delay["record"]["p99"]


async def test_the_benchmark_sweeps_open_cases_and_fires_those_that_are_due(server_path: Path) -> None:
    rows = await _measured(server_path, "--only", "sweep-idle", "--only", "sweep-due", "--events", "300")

    (idle,), (due,) = rows["sweep-idle"]["rounds"], rows["sweep-due"]["rounds"]
    assert idle["seconds"] > 0
    assert due["events"] == 30
    assert due["whole"]


async def _measured(folder: Path, *arguments: str) -> dict[str, Any]:
    output = folder / "results.json"
    options = ("--quick", "--folder", folder / "data", "--output", output)
    command = Command(
        "benchmark", [sys.executable, "-m", "tests.benchmarks", *options, *arguments], folder / "benchmark.log"
    )
    process = await Process.start(command)
    try:
        async with asyncio.timeout(_AT_MOST_SECONDS):
            code = await process.wait()
    finally:
        await process.stop()
    assert code == 0, process.last_lines(40)
    return {row["name"]: row for row in json.loads(output.read_text(encoding="utf-8"))["rows"]}
