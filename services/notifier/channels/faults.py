"""Tells of an error in our own code: its kind and its place, never its text, which may hold a key."""

import traceback
from pathlib import Path

import structlog


def noted(error: Exception) -> str:
    """What went wrong and where, in one line; it is logged as well."""
    *_, last = traceback.extract_tb(error.__traceback__)
    where = f"{Path(last.filename).name}:{last.lineno}"
    structlog.get_logger().error("a channel failed", error=type(error).__name__, where=where)
    return f"{type(error).__name__} in {where}"
