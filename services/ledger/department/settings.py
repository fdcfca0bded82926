"""What a department's commands read from the environment."""

from pydantic import Field

from shared.settings import Settings
from shared.subjects import DISTRICT, UNIT


class DepartmentSettings(Settings):
    """Who speaks, for what does not say it itself."""

    district: str | None = Field(
        None, pattern=f"^{DISTRICT.pattern}$", description="The district for which `luodi import` speaks."
    )
    unit: str | None = Field(
        None, pattern=f"^{UNIT.pattern}$", description="The unit for which `luodi import` speaks, such as `finance`."
    )
