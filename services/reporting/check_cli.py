"""`luodi check`: a report from a file or from a pipe, its wrong figures on the screen."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from services.reporting import check_words as words
from services.reporting.check_api import answer
from services.reporting.checker import Checked, Checker, Comparison, Finding
from services.reporting.domain.check.ledger import Booked
from services.reporting.domain.check.names import Names
from services.reporting.domain.check.verdicts import Verdict, clause_start
from services.reporting.domain.rules import CALENDAR
from services.reporting.manuscripts import BYTES_MOST, UnreadableError
from shared.clock import business_day, system
from shared.subjects import DISTRICT

_COLOURS = {Verdict.INCONSISTENT: "red", Verdict.CONSISTENT: "green", Verdict.UNVERIFIABLE: "yellow"}
_SENTENCE_ENDS = "。！？\n"
_NARROW = 60


class _CannotAskError(Exception):
    """The reporting service gives no figures; the argument is why."""


def check(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    file: Annotated[str, typer.Argument(help="A report as text or .docx; - reads standard input.")],
    district: Annotated[
        str | None, typer.Option(help="Compare with the ledger of this district (GB/T 2260 code).")
    ] = None,
    reporting: Annotated[str, typer.Option(help="The reporting service to ask.")] = "http://127.0.0.1:8080",
    year: Annotated[
        int | None, typer.Option(min=1900, max=9998, help="The year where the report names none; the present one else.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the claims as JSON.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show also what is right and what cannot be verified.")] = False,
) -> None:
    """Check a report's figures: find the claims in Chinese prose, compute each again, say which do not add up.

    Percentages of targets, leads over elapsed time, shares, rates, growth, differences, sums and averages. Only what
    the text ties together for certain is called wrong; inputs may have been rounded (half up) before they were printed.

    Exit 0: nothing is wrong. 1: some claim is inconsistent. 2: the file cannot be read, or the service cannot be asked.
    """
    console = Console(stderr=True, highlight=False)
    if district is not None and not DISTRICT.fullmatch(district):
        console.print(f"[red]区划代码应为 6 位数字：[/]{district}", soft_wrap=True)
        raise typer.Exit(2)
    try:
        checked = asyncio.run(_check(_read(file), district, reporting, year))
    except UnreadableError as error:
        console.print(
            Text.assemble((f"无法读取 {_printable(file)}：", "red"), words.UNREADABLE[error.why]), soft_wrap=True
        )
        raise typer.Exit(2) from error
    except OSError as error:
        console.print(
            Text.assemble((f"无法读取 {_printable(file)}：", "red"), error.strerror or str(error)), soft_wrap=True
        )
        raise typer.Exit(2) from error
    except _CannotAskError as error:
        console.print(Text.assemble(("无法与台账核对：", "red"), str(error)), soft_wrap=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(answer(checked).model_dump_json(indent=2))
    else:
        _show(checked, every=every)
    raise typer.Exit(1 if checked.number(Verdict.INCONSISTENT) else 0)


def _read(file: str) -> bytes:
    # One byte more than is taken tells that there is more, however long an endless pipe may be.
    if file == "-":
        return sys.stdin.buffer.read(BYTES_MOST + 1)
    with Path(file).open("rb") as opened:
        return opened.read(BYTES_MOST + 1)


async def _check(data: bytes, district: str | None, reporting: str, year: int | None) -> Checked:
    if district is None:
        return await Checker().check(data)
    try:
        async with httpx.AsyncClient(base_url=reporting, timeout=20) as client:
            indicators = (await _get(client, "/v1/indicators"))["indicator"]
            names = Names(
                {one["code"]: [one["title"], *one.get("names", ())] for one in indicators},
                {one["code"]: one.get("year_begins", CALENDAR) for one in indicators},
            )

            async def ledger(day: date) -> Sequence[Booked]:
                return await _ask(client, district, day)

            comparison = Comparison(names, ledger, year or business_day(system()).year)
            await _get(client, f"/v1/districts/{district}/progress")
            return await Checker().check(data, comparison)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _CannotAskError(
            f"{reporting} 没有应答（{error or type(error).__name__}），请核对 --reporting。"
        ) from error
    except (KeyError, TypeError, ArithmeticError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise _CannotAskError(f"{reporting} 的应答无法识别，它是否为 Luodi 的 reporting 服务？") from error


async def _ask(client: httpx.AsyncClient, district: str, day: date) -> Sequence[Booked]:
    progress = await _get(client, f"/v1/districts/{district}/progress", year=str(day.year), through=day.isoformat())
    return [
        Booked(
            one["code"],
            one["unit"],
            Decimal(one["amount"]),
            int(one["projects"]),
            None if one["target"] is None else Decimal(one["target"]),
            bool(progress["complete"]),
        )
        for one in progress["indicators"]
    ]


async def _get(client: httpx.AsyncClient, path: str, **asked: str) -> Any:
    said = await client.get(path, params=asked)
    if said.is_success:
        return said.json()
    known = said.headers.get("content-type", "").startswith("application/problem+json")
    raise _CannotAskError(said.json()["detail"] if known else f"{path} → HTTP {said.status_code}")


def _show(checked: Checked, *, every: bool) -> None:
    # Through a pipe there is no screen whose width lines must fit.
    console = Console(highlight=False, soft_wrap=True, no_color=True if os.environ.get("NO_COLOR") else None)
    shown = [one for one in checked.findings if every or one.claim.slips or one.claim.verdict is Verdict.INCONSISTENT]
    for one in shown:
        console.print(_block(checked.text, one))
        console.print()
    colour = _COLOURS[Verdict.INCONSISTENT if checked.number(Verdict.INCONSISTENT) else Verdict.CONSISTENT]
    console.print(Text(words.summary(checked), style=f"bold {colour}"))


def _block(text: str, one: Finding) -> Text:
    """The place, the sentence with the figure marked, what is wrong, and what may have happened."""
    claim = one.claim
    colour = "yellow" if claim.verdict is Verdict.CONSISTENT and claim.slips else _COLOURS[claim.verdict]
    start, end = claim.figure
    left = max(text.rfind(mark, 0, start) for mark in _SENTENCE_ENDS) + 1
    if start - left > _NARROW:
        left = min(claim.start, clause_start(text, start))
    ends = [place for mark in _SENTENCE_ENDS if (place := text.find(mark, end)) >= 0]
    ended = min([*ends, len(text)])
    right = min(ended, end + _NARROW)
    block = Text.assemble(
        (f"第 {one.at.line} 行　{words.KINDS[claim.kind]}　{words.verdict(one)}\n", f"bold {colour}"),
        "  ",
        _printable(text[left:start].lstrip()),
        (f"【{_printable(text[start:end])}】", f"bold reverse {colour}"),
        _printable(text[end:right]) + ("…" if right < ended else ""),
    )
    if claim.verdict is not Verdict.CONSISTENT:
        block.append(f"\n  → {words.judgement(one)}", style=colour)
    for slip in claim.slips:
        block.append(f"\n    {words.slip(slip)}", style="dim")
    return block


def _printable(text: str) -> str:
    """What a terminal would obey, as dots: the text is a stranger's."""
    return "".join(character if character.isprintable() else "·" for character in text.replace("\t", "  "))
