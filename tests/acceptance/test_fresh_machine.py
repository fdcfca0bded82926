"""Two commands on a fresh machine: the checkout, then `make run`, and Ctrl-C leaves nothing behind."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[2]
# What a clone does not have.
_MADE = shutil.ignore_patterns(
    ".git", ".venv", ".tools", ".luodi", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info"
)
_READY_SECONDS = 170.0
_STOP_SECONDS = 60.0


@pytest.fixture
def checkout() -> Iterator[Path]:
    """The checkout as it is cloned; where an account without rights may be let in, as Postgres' under root must be."""
    with tempfile.TemporaryDirectory(prefix="luodi-test-") as folder:
        yield shutil.copytree(ROOT, Path(folder) / "luodi", ignore=_MADE)


@pytest.mark.timeout(240)  # The set-up may have to fetch what uv has not kept.
def test_make_run_prints_where_to_look_and_ctrl_c_leaves_nothing(checkout: Path) -> None:
    output = checkout.parent / "said"
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS")}
    with output.open("wb") as file:
        terminal = subprocess.Popen(
            ["make", "run", f"ARGS=--data-dir {checkout.parent / 'data'}"],  # noqa: S607 - as it is typed
            cwd=checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while "Ctrl-C stops everything." not in (said := output.read_text(encoding="utf-8")):
            assert terminal.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        started = psutil.Process(terminal.pid).children(recursive=True)
        assert {"postgres", "nats-server"} <= {process.name() for process in started}
        found = re.search(r"^ +Wall chart 挂图作战 +(http://127\.0\.0\.1:\d+/\S*)$", said, re.MULTILINE)
        assert found is not None, said
        while "84.8" not in (page := httpx.get(found.group(1), timeout=20)).text:
            assert page.status_code == 200
            assert time.monotonic() < deadline, "the demo's year is not counted"
            time.sleep(0.1)

        # The environment that came about is no part of what is checked; here, as in an archive, no git says so.
        ruff = checkout / ".venv" / "bin" / "ruff"
        looked_at = subprocess.check_output([ruff, "check", "--show-files"], cwd=checkout, text=True).splitlines()
        assert {Path(one).relative_to(checkout.resolve()).parts[0] for one in looked_at} == {
            *("deploy", "services", "shared", "tests", "pyproject.toml")
        }

        os.killpg(terminal.pid, signal.SIGINT)
        terminal.wait(_STOP_SECONDS)
        assert "Stopped." in output.read_text(encoding="utf-8")
        _, left = psutil.wait_procs(started, timeout=5)
        assert [process.cmdline() for process in left] == []
    finally:
        # The stack's parts end with it.
        if terminal.poll() is None:
            os.killpg(terminal.pid, signal.SIGKILL)
            terminal.wait()
