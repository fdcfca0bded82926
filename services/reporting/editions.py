"""The versions of the definitions that the service knows: the one in force, and others to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.reporting.domain.indicators import Definitions, DefinitionsError, read_definitions


class UnknownDefinitionsError(LookupError):
    """No version of the definitions has this name; the argument is the name."""


@dataclass(frozen=True, slots=True)
class Editions:
    """Definitions by the name of their version."""

    in_force: Definitions
    every: Mapping[str, Definitions]

    def find(self, version: str | None) -> Definitions:
        """The version of this name, or the one in force when none is asked for. Raises UnknownDefinitionsError."""
        if not version:
            return self.in_force
        if version not in self.every:
            raise UnknownDefinitionsError(version)
        return self.every[version]


def read_editions(in_force: Path, others: Path | None = None) -> Editions:
    """The file in force and every *.toml of a folder. Raises DefinitionsError for the mistakes in any of them."""
    files = [in_force, *(sorted(others.glob("*.toml")) if others else ())]
    if others and not others.is_dir():
        raise DefinitionsError(f"{others}: not a folder")
    every: dict[str, Definitions] = {}
    first, *rest = [_read(file) for file in files]
    every[first.definitions] = first
    for file, definitions in zip(files[1:], rest, strict=True):
        # The file in force may lie in that folder, too.
        if every.setdefault(definitions.definitions, definitions) != definitions:
            raise DefinitionsError(f"{file}: version {definitions.definitions} is another file's already")
    return Editions(first, every)


def _read(file: Path) -> Definitions:
    try:
        return read_definitions(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionsError(f"{file}: {error}") from error
