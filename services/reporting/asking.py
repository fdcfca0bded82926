"""What may be asked in an address: the question, and which part of a list is wanted."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.register import Sort

District = Annotated[str, Path(description="GB/T 2260", examples=["500101"], max_length=64)]
Code = Annotated[str, Path(description="of the indicator", examples=["funds-arrived"], max_length=64)]
Project = Annotated[str, Path(description="its id", examples=["P-7"], max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Version = Annotated[
    str | None,
    Field(description="A version of the definitions; the one in force when left out", examples=["2026.1"]),
]
Cursor = Annotated[
    Name | None, Field(description="`next` of the page before", examples=["WyJkaXN0cmljdHMiLCI1MDAxMDEiXQ"])
]
Offset = Annotated[int, Field(ge=0, le=10_000_000, description="`next` of the page before", examples=[0])]
UpTo1000 = Annotated[int, Field(ge=1, le=1_000, examples=[100])]
UpTo10000 = Annotated[int, Field(ge=1, le=10_000, examples=[100])]


class Strict(BaseModel):
    """A part of an address. A misspelt word is refused: passing it over would answer another question."""

    model_config = ConfigDict(extra="forbid")


class Asking(Strict):
    """What is asked."""

    year: str | None = Field(None, description="The year; that of `through` when left out", examples=["2026"])
    through: str | None = Field(
        None, description="The last day that counts; today when left out", examples=["2026-08-31"]
    )
    known_by: str | None = Field(
        None,
        description="Count what was known at this instant, as it was then; now when left out",
        examples=["2026-09-05T00:00:00+08:00"],
    )
    definitions: Version = None


class AskingVersion(Strict):
    """Which version of the definitions is wanted."""

    definitions: Version = None


class Page(Strict):
    """Which part of a list is wanted."""

    limit: UpTo1000 = 1_000
    cursor: Cursor = None


class Window(Strict):
    """Which part of a list is wanted, by the number of entries before it."""

    limit: UpTo1000 = 1_000
    offset: Offset = 0


class AskingEverywhere(Asking, Page):
    """What is asked of all districts, and which of them are wanted."""


class AskingParts(Asking, Window):
    """What is asked, and which of the parts are wanted."""


class AskingFacts(Asking, Window):
    """What is asked, and which part of the facts is wanted."""

    limit: UpTo10000 = 1_000


class AskingTimeline(Window):
    """Which part of a timeline is wanted."""

    limit: UpTo10000 = 1_000


class AskingProjects(Asking, Page):
    """Which projects are wanted, as they stood on the asked day, and in which order."""

    stage: Name | None = Field(None, examples=["started"])
    cluster: Name | None = Field(None, examples=["智能装备"])
    lead_unit: Name | None = Field(None, examples=["区经济信息委"])
    lead_official: Name | None = Field(None, examples=["张明远"])
    search: Name | None = Field(None, description="Part of the name or of the id", examples=["产业园"])
    late: bool | None = Field(None, description="Whether a milestone is overdue", examples=[True])
    sort: Sort = Field(
        "project", description="Amounts, instants and days overdue: the largest first", examples=["contract_amount"]
    )
    limit: UpTo1000 = 100
