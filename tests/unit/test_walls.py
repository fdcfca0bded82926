"""Each wall of the house stands: a module on the wrong side of it is named by lint-imports."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREACHES = {
    "shared knows no service": ("shared/breach.py", "import services.ledger.recorder"),
    "services never import each other": ("services/notifier/breach.py", "import services.ledger.recorder"),
    "services do not know where they are deployed": ("services/ledger/breach.py", "import deploy.local.nats"),
    "a domain does no I/O and reads no clock": ("services/ledger/domain/breach.py", "import asyncpg"),
    "imports run down: __main__, cli, app, api, shell, domain": (
        "services/ledger/domain/breach.py",
        "import services.ledger.app",
    ),
    "no cycle": ("shared/subjects.py", "import shared.bus"),
}


@pytest.mark.parametrize("wall", BREACHES)
def test_a_module_on_the_wrong_side_of_a_wall_is_named(tmp_path: Path, wall: str) -> None:
    for package in ("shared", "services", "deploy"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    file, line = BREACHES[wall]
    with (tmp_path / file).open("a") as module:
        module.write(f"\n{line}\n")

    tool = Path(sysconfig.get_path("scripts")) / "lint-imports"
    ended = subprocess.run([tool, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert f"{wall} BROKEN" in ended.stdout
