"""The image: built from files that are there, of what the lock says, run as nobody in particular."""

import json
import os
import re
import subprocess
import tomllib
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages() -> list[list[Instruction]]:
    """The instructions of each stage of the Dockerfile, its FROM first."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    instructions = [(word, rest.strip()) for word, rest in re.findall(r"^([A-Z]+) (.+)$", text, re.MULTILINE)]
    begins = [n for n, (word, _) in enumerate(instructions) if word == "FROM"]
    return [instructions[begin:end] for begin, end in zip(begins, [*begins[1:], None], strict=True)]


def words(stage: list[Instruction], word: str) -> list[str]:
    return [rest for found, rest in stage if found == word]


def let_in(path: Path) -> bool:
    """Whether .dockerignore leaves a path of the checkout in the context: the last pattern that fits decides."""
    inside = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and _fits(path.relative_to(ROOT), pattern):
            inside = line.startswith("!")
    return inside


def _fits(path: Path, pattern: str) -> bool:
    anywhere = pattern.startswith("**/")
    for part in (path, *path.parents[:-1]):
        if fnmatchcase(part.name if anywhere else str(part), pattern.removeprefix("**/")):
            return True
    return False


def test_every_source_that_the_image_copies_is_there_and_in_the_context(stages: list[list[Instruction]]) -> None:
    build, _ = stages
    sources = [source for rest in words(build, "COPY") for source in rest.split()[:-1]]
    assert {"services", "shared", "pyproject.toml", "uv.lock"} <= set(sources)
    for source in sources:
        files = [file for file in (ROOT / source, *(ROOT / source).rglob("*")) if file.is_file()]
        assert any(map(let_in, files)), source


def test_the_context_holds_what_the_wheel_is_made_of_and_nothing_else() -> None:
    assert [name for name in ("README.md", *packaged()) if not let_in(ROOT / name)] == []
    secret = ("deploy/.env", "deploy/luodi.env", "deploy/config/entrance-tokens", "deploy/kubernetes/secret.yaml")
    others = ("tests/conftest.py", ".git/config", ".venv/bin/python", ".luodi/link-secret", "deploy/compose.yaml")
    assert [name for name in (*secret, *others, "services/__pycache__/cli.pyc") if let_in(ROOT / name)] == []


def test_the_image_is_made_from_the_lock_without_the_embedded_servers_and_tools(
    stages: list[list[Instruction]],
) -> None:
    run = "\n".join(words(stages[0], "RUN"))
    [export] = re.findall(r"uv export (.*?) &&", run)
    assert {"--frozen", "--no-dev"} <= set(export.split())
    assert "--extra" not in export
    assert "--all-extras" not in export
    assert "uv pip sync --require-hashes" in run
    setup = (ROOT / "deploy" / "local" / "setup.sh").read_text(encoding="utf-8")
    assert re.findall(r"uv==(\S+)", run) == re.findall(r"uv_version=(\S+)", setup)


def test_the_image_runs_luodi_as_an_account_without_rights_and_logs_json(stages: list[list[Instruction]]) -> None:
    last = stages[-1]
    assert words(last, "ENTRYPOINT") == [json.dumps(["luodi"])]
    assert "luodi" in PROJECT["project"]["scripts"]
    [user] = words(last, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number, so that a cluster can see that it is not root"
    environment = " ".join(words(last, "ENV")).split()
    assert {"LUODI_HOST=0.0.0.0", "LUODI_LOG_FORMAT=json"} <= set(environment)
    assert set(" ".join(words(last, "EXPOSE")).split()) == {"8080", "8081", "8082"}


def test_the_wheel_holds_every_file_that_the_services_read_and_no_files_for_operators(tmp_path: Path) -> None:
    cache = ROOT / ".tools" / "cache"
    environment = os.environ | ({"UV_CACHE_DIR": str(cache)} if cache.exists() else {})
    # The set-up has built the checkout before: what the build needs is in uv's cache.
    options = ("--quiet", "--wheel", "--offline", "--out-dir", str(tmp_path))
    subprocess.run([ROOT / ".tools" / "bin" / "uv", "build", *options, ROOT], check=True, env=environment, timeout=60)
    [wheel] = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == set(packaged())
    kinds = {Path(name).suffix for name in held if name.startswith("services/")}
    assert kinds >= {".sql", ".html", ".toml", ".csv", ".css"}


def packaged() -> list[str]:
    """The files of the checkout that are programs or read by them: of deploy/, those in packages."""
    packages = [file.parent for file in (ROOT / "deploy").glob("*/__init__.py")]
    folders = [ROOT / "services", ROOT / "shared", *packages]
    found = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return ["deploy/__init__.py", *(str(one.relative_to(ROOT)) for one in found if "__pycache__" not in one.parts)]
