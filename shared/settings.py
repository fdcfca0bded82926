"""What every service reads from the environment; a service adds its own by subclassing."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


class Settings(BaseSettings):
    """Settings common to all services, from variables named LUODI_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="LUODI_", frozen=True, hide_input_in_errors=True)

    nats_url: str = Field("nats://127.0.0.1:4222", description="The NATS server, or several separated by commas.")
    database_url: str = Field("postgresql://luodi@127.0.0.1:5432/luodi", description="The Postgres database.")
    host: str = Field("127.0.0.1", description="The address on which the service answers HTTP.")
    port: int = Field(0, ge=0, le=65535, description="The port on which the service answers HTTP.")
    listen_fd: int | None = Field(None, ge=3, description="An inherited listening socket, instead of host and port.")
    log_format: Literal["console", "json"] = Field("console", description="console for people, json for a collector.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def wrong_settings(error: ValueError) -> list[str]:
    """A sentence for each variable that is wrong; none when the error is about anything else than settings."""
    if isinstance(error, SettingsError):
        return [f"{error}: {error.__cause__}"]
    if not isinstance(error, ValidationError) or error.title not in {kind.__name__ for kind in _kinds(Settings)}:
        return []
    return [_sentence(*map(str, one["loc"]), said=one["msg"]) for one in error.errors()]


def _kinds(kind: type[Settings]) -> Iterator[type[Settings]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _sentence(name: str, *within: str, said: str) -> str:
    return ": ".join((f"LUODI_{name.upper()}", *filter(None, [".".join(within)]), said))
