"""How much room is left on a disk."""

import shutil
from pathlib import Path
from typing import Final

from deploy.doctor.finding import Finding, State, ok

_GB: Final = 1024**3
FULL, NEARLY_FULL = 0.5, 2.0


def room(about: str, folder: Path) -> Finding:
    """Of the disk on which a folder lies."""
    free = shutil.disk_usage(folder).free / _GB
    said = f"{free:.1f} GB free"
    if free >= NEARLY_FULL:
        return ok(about, said)
    state: State = "wrong" if free < FULL else "warning"
    return Finding(about, state, said, "make room: what cannot be stored is not recorded")


def seen_here(folder: str) -> Path | None:
    """A server's folder, when this machine has it too."""
    return Path(folder) if Path(folder).is_dir() else None
