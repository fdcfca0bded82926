"""What reporting reads from the environment."""

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from shared.settings import Settings
from shared.subjects import REPORTING_OF_LEDGER, Consumer


class ReportingSettings(Settings):
    """Settings of the reporting service, from variables named LUODI_<FIELD>."""

    port: int = Field(8080, ge=0, le=65535, description="The port on which the service answers HTTP.")
    indicators: Path = Field(
        Path(__file__).with_name("indicators.toml"), description="The file that defines the indicators."
    )
    other_indicators: Path | None = Field(
        None, description="A folder with more versions of that file, each answered with under ?definitions=."
    )
    consumer: str = Field(
        REPORTING_OF_LEDGER.name,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="The consumer of stream LEDGER that feeds this database; each database needs one of its own.",
    )
    district_names: dict[str, str] = Field(
        default_factory=dict, description='The districts\' names on the pages, as JSON: {"500101": "万州区"}.'
    )
    unit_names: dict[str, str] = Field(
        default_factory=dict, description='The units\' names on the pages, as JSON: {"finance": "区财政局"}.'
    )

    ledger_url: str | None = Field(
        None, description="Where people reach the ledger, for the link to the refused messages; no link without it."
    )

    @property
    def ledger_consumer(self) -> Consumer:
        """What feeds the tables."""
        return replace(REPORTING_OF_LEDGER, name=self.consumer)
