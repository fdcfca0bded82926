"""Named queries: a module's SQL stands beside it, in a file of the same name."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


def queries_beside(module: str) -> Mapping[str, str]:
    """The statements of the .sql file beside a module, by name, in the order of the file.

    `module` is the module's `__file__`. A statement begins with a line `-- name: its_name` and runs to the next
    such line. Raises ValueError for text before the first name and for a name given twice.
    """
    file = Path(module).with_suffix(".sql")
    before, *parts = _NAME.split(file.read_text(encoding="utf-8"))
    if before.strip():
        raise ValueError(f"{file}: text before the first '-- name:' line belongs to no query")
    names, bodies = parts[0::2], parts[1::2]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{file}: two queries are named {', '.join(sorted(twice))}")
    return MappingProxyType({name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)})
