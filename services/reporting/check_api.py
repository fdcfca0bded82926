"""Checking a report over HTTP: a text or a Word document in, every claim with its verdict out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from services.reporting.checker import Checked, Checker, Comparison, Finding
from services.reporting.described import EXAMPLES
from services.reporting.desk import Desk, UnknownDistrictError
from services.reporting.domain.check.ledger import Booked
from services.reporting.domain.check.names import Names
from services.reporting.domain.check.readings import ClaimKind
from services.reporting.domain.check.slips import SlipCode
from services.reporting.domain.check.verdicts import Verdict
from services.reporting.manuscripts import BYTES_MOST, UnreadableError, Why
from services.reporting.problems import MEDIA_TYPE, RESPONSES, Problem
from shared.subjects import DISTRICT

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

DecimalString = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str)]

_TAKEN = {"", "text/plain", "application/octet-stream", WORD}
_UNREADABLE: Mapping[Why, str] = {
    Why.TOO_LARGE: f"The file is too large: send at most {BYTES_MOST} bytes.",
    Why.OLD_WORD: "The file is a .doc of an old Word: save it as .docx.",
    Why.PDF: "The file is a PDF: send text or .docx.",
    Why.NO_WORD: "The archive is no Word document: send text or .docx.",
    Why.BROKEN: "The Word document is broken or encrypted: open it in Word and save it again.",
    Why.NO_TEXT: "The bytes are no text in UTF-8, UTF-16 or GB 18030.",
    Why.TOO_MUCH: "The text has more than 200,000 characters or 5,000 claims: send it in parts.",
}


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class PlaceAnswer(_Answer):
    """Where the quote stands: the line (in a Word document the paragraph) from 1, its characters from 0."""

    line: int
    start: int
    end: int
    figure: tuple[int, int] = Field(description="The printed result within the same line.")


class SlipAnswer(_Answer):
    """One change that would make the claim right."""

    code: SlipCode
    printed: str
    perhaps: str


class ClaimAnswer(_Answer):
    """A claim with its verdict; `claimed`, `computed` and `difference` (claimed less computed) are in `unit`."""

    quote: str
    at: PlaceAnswer
    kind: ClaimKind
    claimed: DecimalString
    computed: DecimalString | None
    difference: DecimalString | None
    unit: str
    verdict: Verdict
    slips: list[SlipAnswer]
    indicator: str | None = Field(None, description="With a comparison with the ledger: of which indicator.")
    through: date | None = Field(None, description="With a comparison with the ledger: through which day.")


class CheckAnswer(_Answer):
    """Every claim of a text, in its order."""

    claims: list[ClaimAnswer]
    unread_rows: int = Field(description="Rows of tables whose figures are in no claim: nothing is said of them.")


class CheckAsking(BaseModel):
    """How to read the text. A misspelt word is refused."""

    model_config = ConfigDict(extra="forbid")

    year: int | None = Field(
        None, ge=1900, le=9998, description="The year where the text names none; else the present.", examples=[2026]
    )


def answer(checked: Checked) -> CheckAnswer:
    """What was found, as programs read it."""
    return CheckAnswer(claims=[_claim(one) for one in checked.findings], unread_rows=checked.unread_rows)


def against_desk(desk: Desk, district: str, year: int | None) -> Comparison:
    """The ledger as this service knows it."""

    async def ledger(day: date) -> Sequence[Booked]:
        report = await desk.report(district, desk.question(str(day.year), day.isoformat(), None))
        return [
            Booked(one.code, one.unit, one.amount, one.projects, one.target, not report.gaps)
            for one in report.indicators
        ]

    every = desk.definitions.indicator
    names = Names({one.code: [one.title, *one.names] for one in every}, {one.code: one.year_begins for one in every})
    return Comparison(names, ledger, year or desk.today().year)


def routes(desk: Desk, checker: Checker) -> APIRouter:
    """The path under /v1."""
    documented = {status: {"description": said, "content": {MEDIA_TYPE: {}}} for status, said in _STATUSES.items()}
    router = APIRouter(prefix="/v1", tags=["check"], responses={**RESPONSES, **documented})

    @router.post(
        "/districts/{district}/check",
        summary="Find the claims of a report and judge them",
        response_model=CheckAnswer,
        responses={200: {"content": {"application/json": {"example": EXAMPLES["check"]}}}},
        openapi_extra={"requestBody": {"required": True, "content": _CONTENT}},
    )
    async def check(
        request: Request,
        district: Annotated[str, Path(description="GB/T 2260", pattern=f"^{DISTRICT.pattern}$", examples=["500101"])],
        asking: Annotated[CheckAsking, Query()],
    ) -> Any:
        """Percentages, differences, sums, shares, rates and averages that the text ties to other figures are computed
        again, and the indicators are compared with the ledger. The text is not kept."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TAKEN:
            return refused(Problem(415, "not-a-report", "Not a report", f"Send text/plain or {WORD}."))
        if district not in await desk.districts():
            raise UnknownDistrictError(district)
        try:
            return answer(await checker.check(await _body(request), against_desk(desk, district, asking.year)))
        except UnreadableError as error:
            status = 413 if error.why in {Why.TOO_LARGE, Why.TOO_MUCH} else 422
            return refused(Problem(status, error.why.value, "The report cannot be read", _UNREADABLE[error.why]))

    return router


def refused(problem: Problem) -> Response:
    """A problem document."""
    body = asdict(problem) | {"type": f"urn:luodi:problem:{problem.code}"}
    return JSONResponse(body, problem.status, media_type=MEDIA_TYPE)


_STATUSES: Mapping[int | str, str] = {
    413: "The report is too large",
    415: "The body is neither text nor a Word document",
    422: "The report cannot be read, or the question cannot be answered as it is put",
}
_CONTENT: Mapping[str, Any] = {
    "text/plain": {
        "schema": {"type": "string"},
        "example": "1-8月，全区到位招商引资资金84.8亿元，完成目标任务（105亿元）的84.2%。",
    },
    WORD: {"schema": {"type": "string", "format": "binary"}},
}


async def _body(request: Request) -> bytes:
    """The body, read no further than to its limit. Raises UnreadableError."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > BYTES_MOST:
            raise UnreadableError(Why.TOO_LARGE)
        parts.append(part)
    return b"".join(parts)


def _claim(one: Finding) -> ClaimAnswer:
    claim = one.claim
    return ClaimAnswer(
        quote=one.quote,
        at=PlaceAnswer.model_validate(one.at),
        kind=claim.kind,
        claimed=claim.claimed,
        computed=claim.computed,
        difference=claim.difference,
        unit=claim.unit,
        verdict=claim.verdict,
        slips=[SlipAnswer.model_validate(slip) for slip in claim.slips],
        indicator=one.indicator,
        through=one.through,
    )
