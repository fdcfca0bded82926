"""Two walls that lint-imports does not come with: what may stand in a room, and which floor a module is on."""

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

Breach = tuple[str, int, str]
"""A module, a line, and what is wrong there."""


class _Wall(Contract):
    """A contract that is broken by each breach found, and names them all."""

    def find(self, graph: ImportGraph) -> Iterable[Breach]:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        breaches = sorted(set(self.find(graph)))
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for module, line, what in check.metadata["breaches"]:
            output.print_error(f"{module}:{line} {what}", bold=False)


class Pure(_Wall):
    """Modules import nothing but what is listed, each name for itself, and use none of certain names.

    A list of what is forbidden would have to be longer by every library that anybody installs.
    """

    type_name = "pure"
    packages = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField())
    unused = fields.ListField(subfield=fields.StringField())

    def find(self, graph: ImportGraph) -> Iterator[Breach]:
        for package in _strings(self.packages):
            for module in (package, *graph.find_descendants(package)):
                for line, what in self._impure(_source(module), package):
                    yield module, line, what

    def _impure(self, tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
        allowed = (package, *_strings(self.allowed))
        unused = set(_strings(self.unused))
        brought: dict[str, str] = {}
        for statement in ast.walk(tree):
            for here, name in _imported(statement):
                brought[here] = name
                if not any(f"{name}.".startswith(f"{one}.") for one in allowed):
                    yield cast("ast.stmt", statement).lineno, f"may not import {name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute):
                first, *rest = ast.unparse(node).split(".")
                if (name := ".".join([brought.get(first, first), *rest])) in unused:
                    yield node.lineno, f"may not use {name}"


class Floors(_Wall):
    """Within each container a module imports modules of its own floor and of lower ones only.

    A floor is a line of patterns for the names of the container's modules; the first floor with one that fits is a
    module's. `*` is whatever fits no other: no module is on no floor.
    """

    type_name = "floors"
    containers = fields.ListField(subfield=fields.StringField())
    floors = fields.ListField(subfield=fields.StringField())

    def find(self, graph: ImportGraph) -> Iterator[Breach]:
        for container in _strings(self.containers):
            for module in graph.find_descendants(container):
                for imported in graph.find_modules_directly_imported_by(module):
                    if imported.startswith(f"{container}.") and self._floor(imported) < self._floor(module):
                        [detail, *_] = graph.get_import_details(importer=module, imported=imported)
                        yield module, detail["line_number"], f"may not import {imported}, which is above it"

    def _floor(self, module: str) -> int:
        name, floors = module.split(".")[2], [floor.split() for floor in _strings(self.floors)]
        fitting = (n for n, floor in enumerate(floors) if any(p != "*" and fnmatchcase(name, p) for p in floor))
        return next(fitting, floors.index(["*"]))


def _strings(field: fields.ListField) -> Sequence[str]:
    """What the contract's options gave for a field: it then stands in the field's place."""
    return cast("Sequence[str]", field)


def _source(module: str) -> ast.Module:
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    return ast.parse(Path(found.origin).read_text(encoding="utf-8"))


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Everything that an import statement brings in: what it is called here, and its full name (`.x` if relative)."""
    if isinstance(node, ast.Import):
        yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
