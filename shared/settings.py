"""What every service reads from the environment; a service adds its own by subclassing."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
