"""What the description of the interface shows: of each answer its forms and an example, of each field one out of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI

from services.reporting.forms import TABLES, TYPES, Form
from services.reporting.problems import RESPONSES

# True answers about a small district: a test puts the same records in and compares what is answered.
EXAMPLES: dict[str, Any] = orjson.loads(Path(__file__).with_name("examples.json").read_bytes())


def forms_of(name: str, forms: Sequence[Form] = TABLES) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation that answers in these forms, with the example of this name."""
    content: dict[str, Any] = {TYPES[form]: {"schema": {"type": "string", "format": "binary"}} for form in forms}
    content[TYPES["json"]] = {"example": EXAMPLES[name]}
    return {
        200: {
            "description": "The answer, with an ETag; `Accept` or the path's ending chooses the form",
            "content": content,
            "headers": {
                "ETag": {"description": "of this answer in this form", "schema": {"type": "string"}},
                "Link": {"description": "the next page, where there is one (RFC 8288)", "schema": {"type": "string"}},
            },
        },
        304: {"description": "Unchanged since the answer whose ETag was sent in If-None-Match"},
        **RESPONSES,
    }


def install(app: FastAPI) -> None:
    """Give each field of the described answers an example, taken from the examples of the whole answers."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for schema, example in _examples(document):
                _fill(document, schema, example)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to change the description


def _examples(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (one for body in bodies for one in body.get("content", {}).values()):
                if "example" in content and "schema" in content:
                    yield content["schema"], content["example"]


def _fill(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    """Walk down a schema and its example side by side; the first example of a field is kept."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", ()):
        if _is_of(one, example):
            _fill(document, one, example)
    if isinstance(example, list):
        for item in example:
            _fill(document, schema.get("items", {}), item)
    if isinstance(example, dict):
        for name, value in example.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(inner, dict) and value is not None:
                if name in schema.get("properties", {}):
                    inner.setdefault("examples", [value])
                _fill(document, inner, value)


def _is_of(schema: dict[str, Any], example: Any) -> bool:
    """Whether an alternative is the one of an example: a structure for a structure."""
    structure = "$ref" in schema or schema.get("type") in ("array", "object")
    return structure == isinstance(example, list | dict)
