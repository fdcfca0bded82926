"""A project as the notifier sees it: the parts of the ledger's record that say what is owed and by whom."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SUSPENDED: Final = "suspended"
TERMINATED: Final = "terminated"


class UnreadableRecordError(Exception):
    """A message of the ledger is not a project record; the text names the field that is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Milestone(_Part):
    """A step of the timetable: the day it is due and the day it was reached, each unknown when None."""

    due: date | None = None
    on: date | None = None


class Investor(_Part):
    """Who invests; known here only so that a group message can leave the name out."""

    name: str = ""


class Record(_Part):
    """What the ledger says is true of one project at one revision."""

    district: str
    project: str
    revision: int = Field(ge=0)
    name: str | None = None
    stage: str
    lead_official: str | None = None
    lead_unit: str | None = None
    investor: Investor | None = None
    milestones: Mapping[str, Milestone] = Field(default_factory=dict)


def read_record(payload: bytes | str) -> Record:
    """The record in a message of the ledger; what the notifier has no use for is left out.

    Raises UnreadableRecordError.
    """
    try:
        return Record.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "message"
        raise UnreadableRecordError(f"{where}: {first['msg']}") from error
