"""`luodi schema`: the published language, for programs."""

import json
from typing import Annotated, Literal

import typer

from shared.schema import asyncapi, json_schema


def schema(
    form: Annotated[
        Literal["json", "asyncapi"], typer.Argument(help="json: JSON Schema 2020-12. asyncapi: AsyncAPI 3.0.")
    ] = "json",
) -> None:
    """Print the published language: every event as JSON Schema, or every subject and message as AsyncAPI."""
    document = json_schema() if form == "json" else asyncapi()
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
