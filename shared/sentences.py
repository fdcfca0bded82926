"""Plain sentences, for a programmer, about what is wrong with an event's data."""

import difflib
import json
import re
import typing
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_PLAIN_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_ECHOED = 80
_LISTED = 3

# By pydantic's error types; braces are filled from the error's context. "luodi" is a rule of our own, in full.
_RULES: Mapping[str, str] = MappingProxyType(
    {
        "luodi": "{sentence}",
        "missing": "is required",
        "string_type": "must be text",
        "string_unicode": "must not contain half of a surrogate pair",
        "string_too_short": "must not be empty",
        "string_too_long": "must have at most {max_length} characters",
        "string_pattern_mismatch": "must not contain control characters",
        "int_type": "must be a whole number, without quotes",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "tuple_type": "must be a list",
        "too_long": "must have at most {max_length} entries",
        "model_type": "must be an object",
        "literal_error": "must be one of {expected}",
    }
)


def about_data(error: ValidationError, event: type[BaseModel], name: str) -> tuple[str, str]:
    """The first wrong field, as `data.amount`, and a sentence for each of the first three."""
    faults = error.errors(include_url=False)
    sentences = [f"{_path(fault)}: {_rule(fault, event, name)}" for fault in faults[:_LISTED]]
    if len(faults) > _LISTED:
        sentences.append(f"and {len(faults) - _LISTED} more")
    return _path(faults[0]), "; ".join(sentences)


def echo(value: Any) -> str:
    """The value as in JSON, cut to 80 characters and safe to print and to store."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    text = json.dumps(value[:_ECHOED], ensure_ascii=False) if isinstance(value, str) else _number_or_word(value)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
    return text if len(text) <= _ECHOED else f"{text[:_ECHOED]}…"


def named(name: str) -> str:
    """The name of a field as the sender wrote it, in quotes when it is none that a field could have."""
    return name if _PLAIN_NAME.fullmatch(name) else echo(name)


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean "amount"?` when something known is close to the word, otherwise nothing."""
    close = difflib.get_close_matches(word[:_ECHOED], list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def _number_or_word(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _path(fault: ErrorDetails) -> str:
    return "data" + "".join(f"[{part}]" if isinstance(part, int) else f".{named(part)}" for part in fault["loc"])


def _rule(fault: ErrorDetails, event: type[BaseModel], name: str) -> str:
    if fault["type"] == "extra_forbidden":
        known = _fields_at(event, fault["loc"][:-1])
        wrong = str(fault["loc"][-1])
        return f"is not a field of {name}{meant(wrong, known) or '; known are ' + ', '.join(known)}"
    context = {key: _quoted(value) for key, value in fault.get("ctx", {}).items()}
    rule = _RULES[fault["type"]].format(**context) if fault["type"] in _RULES else fault["msg"]
    return rule if fault["type"] == "missing" else f"{rule}, got {echo(fault['input'])}"


def _quoted(value: Any) -> Any:
    return value.replace("'", '"') if isinstance(value, str) else value


def _fields_at(event: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The published names of the fields of the object at `path` within an event's data."""
    part = event
    for step in path:
        fields = {field.alias or name: field.annotation for name, field in part.model_fields.items()}
        inner = [fields[str(step)], *typing.get_args(fields[str(step)])]
        part = next(kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [field.alias or name for name, field in part.model_fields.items()]
