"""What the ledger reads from the environment."""

from pathlib import Path

from pydantic import Field, field_validator

from services.ledger.domain.callers import read_callers
from services.ledger.recorder import FOLD_SECONDS
from shared.settings import Settings


class LedgerSettings(Settings):
    """Settings of the ledger, from variables named LUODI_<FIELD>."""

    port: int = Field(8081, ge=0, le=65535, description="The port on which the service answers HTTP.")
    batch_size: int = Field(
        6_000, ge=1, le=10_000, description="The most events taken up together; a project's are folded once."
    )
    lanes: int = Field(5, ge=1, le=32, description="How many batches are recorded at once; each needs a connection.")
    database_connections: int = Field(10, ge=2, description="The most connections to Postgres.")
    fold_seconds: float = Field(
        FOLD_SECONDS,
        ge=0.1,
        description="How long a project's record may take to compute before its events are parked.",
    )
    stuck_seconds: float = Field(
        60.0, ge=1, description="For how long this process may be suspended before others may take its projects."
    )
    entrance_tokens: Path | None = Field(
        None, description="A file of who may publish over HTTP; without it nobody may."
    )

    @field_validator("entrance_tokens")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                read_callers(file.read_text(encoding="utf-8"))
            except OSError as error:
                raise ValueError(f"{file}: {error.strerror}") from error
        return file
