"""Each wall of the house stands: a module on the wrong side of it is named by lint-imports."""

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Breach(NamedTuple):
    """A line that may not stand in a module of this name."""

    module: str
    line: str


PURE = "a domain does no I/O and reads no clock"
FLOORS = "imports run down: __main__, cli, app, api, shell, domain"
IMPURE = (
    *("import aiohttp", "import aiosmtplib", "import asyncio", "import asyncpg", "import httpx", "import os"),
    *("import random", "import shared.clock", "import socket", "import urllib.request", "from io import open"),
    *("from pathlib import Path", "from shared import clock, streams", "from shared.clock import system"),
    *("from time import time", "from uuid import uuid4", "from . import elsewhere"),
    *("from datetime import datetime\nnow = datetime.now", "import datetime as d\nday = d.date.today()"),
    *("text = open('/etc/hostname').read()", "print('said')"),
)
BREACHES: Mapping[str, tuple[Breach, ...]] = {
    "shared knows no service": (
        Breach("shared.at_breach", "import services.ledger.recorder"),
        Breach("shared.at_breach_of_the_stack", "from deploy.local import nats"),
    ),
    "services never import each other": (
        Breach("services.notifier.at_breach", "import services.ledger.recorder"),
        Breach("services.reporting.domain.at_breach", "from services.notifier.domain import policy"),
        Breach("services.ledger.at_breach", "def later():\n    import services.reporting.settings"),
    ),
    "services do not know where they are deployed": (
        Breach("services.ledger.at_breach_of_the_stack", "import deploy.local.nats"),
        Breach("services.reporting.at_breach_of_the_demo", "from deploy.demo import year"),
    ),
    PURE: tuple(
        Breach(f"services.{service}.domain.at_breach_{number}", line)
        for service in ("ledger", "notifier", "reporting")
        for number, line in enumerate(IMPURE)
    ),
    FLOORS: (
        Breach("services.ledger.domain.at_breach_of_app", "import services.ledger.app"),
        Breach("services.ledger.domain.at_breach_of_shell", "from services.ledger import archive"),
        Breach("services.notifier.domain.at_breach_of_channels", "from services.notifier.channels import email"),
        Breach("services.reporting.documents.at_breach", "import services.reporting.bulletin_api"),
        Breach("services.ledger.at_breach_of_api_above", "from services.ledger.api import routes"),
        Breach("services.ledger.at_breach_of_cli_above", "import services.ledger.quarantine_cli"),
        Breach("services.notifier.at_breach_of_pages_above", "import services.notifier.pages"),
        Breach("services.reporting.at_breach_api", "import services.reporting.app"),
        Breach("services.reporting.at_breach_cli", "import services.reporting.__main__"),
    ),
    "no cycle": (
        Breach("shared.at_breach_here", "import shared.at_breach_there"),
        Breach("shared.at_breach_there", "import shared.at_breach_here"),
    ),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What lint-imports says of each wall in a house where every breach was made at once."""
    house = tmp_path_factory.mktemp("house")
    for package in ("shared", "services", "deploy"):
        shutil.copytree(ROOT / package, house / package, ignore=shutil.ignore_patterns("__pycache__"))
    (house / "tests").mkdir()
    for file in ("pyproject.toml", "tests/__init__.py", "tests/walls.py"):
        shutil.copy(ROOT / file, house / file)
    for breaches in BREACHES.values():
        for breach in breaches:
            (house / breach.module.replace(".", "/")).with_suffix(".py").write_text(f"{breach.line}\n")
    tool = Path(sysconfig.get_path("scripts")) / "lint-imports"
    ended = subprocess.run([tool, "--no-cache"], cwd=house, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    headed = re.split(r"^(.+)\n-+\n", ended.stdout, flags=re.MULTILINE)
    return dict(zip(headed[1::2], headed[2::2], strict=True))


@pytest.mark.parametrize("wall", BREACHES)
def test_every_module_on_the_wrong_side_of_a_wall_is_named(said: Mapping[str, str], wall: str) -> None:
    for module, line in BREACHES[wall]:
        # A cycle is told by names below the package that it is in.
        package, name = module.rsplit(".", 1)
        assert re.search(rf"({package}| )\.{name}\b", said[wall]), f"{line!r} in {module} is not caught"


def test_every_wall_is_tried() -> None:
    contracts = re.findall(r'^name = "(.+)"\ntype = ', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert contracts == list(BREACHES)
