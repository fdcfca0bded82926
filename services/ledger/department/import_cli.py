"""`luodi import`: a department's workbook onto the bus, for whoever keeps records in Excel."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from services.ledger.department.domain.rows import Fault, Said, read_sheet
from services.ledger.department.sending import Draft, Outcome, Refused
from services.ledger.department.settings import DepartmentSettings
from services.ledger.department.telling import ALL_RECORDED, SOME_REFUSED, UNREACHABLE, exit_code, send_showing_progress
from services.ledger.department.workbook import NotAWorkbookError, read_workbook, write_template
from shared.subjects import DISTRICT, UNIT

_ANSWERS = {
    "id-reused": "这个编号已用于另一条内容不同的记录；要更正，请用新的编号，并填更正编号",
    "not-allowed": "当前用户无权代表这个单位上报",
    "fold-failed": "内容无误，但台账暂时无法计入，由管理员处理，无需重报",
}


def import_workbook(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    book: Annotated[Path, typer.Argument(help="A workbook (.xlsx) with a sheet for each kind of event.")],
    district: Annotated[
        str | None, typer.Option(help="The district, as a GB/T 2260 code; otherwise LUODI_DISTRICT.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="The unit that speaks, such as finance; otherwise LUODI_UNIT.")
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Write an empty workbook to BOOK and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge only, and print each row's number.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the ledger's answer.")] = 60.0,
) -> None:
    """Publish the rows of a workbook as events and print a line for each that was refused, with its cell.

        luodi import --template book.xlsx

        luodi import book.xlsx --district 500101 --unit finance --dry-run

    Rows that are wrong do not keep others from being recorded. Importing a
    book again changes nothing: a row's number (编号), or what it says where
    it has none, is its identity. See docs/import.md.

    Exit 0: all recorded. 1: some were refused. 2: the file or the server
    cannot be reached, or not everything could be sent. 3: the bus has not
    answered to all, or the ledger not in time, or this user may not ask it.

    Reads LUODI_NATS_URL, LUODI_DISTRICT and LUODI_UNIT.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if template:
        _write(book, console)
        return
    said, faults = _read(book, _source(district, unit), console)
    for fault in faults:
        typer.echo(str(fault))
    if dry_run:
        for one in said:
            typer.echo(f"{one.place}：可以上报，编号 {one.id}")
        console.print(f"{len(said)} 条可以上报，{len(faults)} 处有误；未上报")
        raise typer.Exit(SOME_REFUSED if faults else ALL_RECORDED)
    outcome = send_showing_progress(
        [Draft(one.place, one.subject, one.payload) for one in said], timeout, console, ("上报", "审核")
    )
    if isinstance(outcome, str):
        console.print(f"[red]未上报：[/]连接不上 LUODI_NATS_URL（{escape(outcome)}）")
        raise typer.Exit(UNREACHABLE)
    for refused in outcome.refused:
        typer.echo(f"{refused.place}：{_answer(refused)}")
    _sum_up(outcome, len(faults) + len(outcome.refused), console)
    raise typer.Exit(exit_code(outcome, refused=bool(faults or outcome.refused)))


def _source(district: str | None, unit: str | None) -> str:
    settings = DepartmentSettings()
    district, unit = district or settings.district, unit or settings.unit
    if not district or not DISTRICT.fullmatch(district):
        raise typer.BadParameter("say for which district: --district 500101, or LUODI_DISTRICT")
    if not unit or not UNIT.fullmatch(unit):
        raise typer.BadParameter("say which unit speaks: --unit finance, or LUODI_UNIT")
    return f"/{district}/{unit}"


def _write(book: Path, console: Console) -> None:
    try:
        write_template(book)
    except OSError as error:
        console.print(f"[red]未写入：[/]{escape(str(book))}（{error.strerror}）")
        raise typer.Exit(UNREACHABLE) from error
    console.print(f"模板已写入 {escape(str(book))}")


def _read(book: Path, source: str, console: Console) -> tuple[list[Said], list[Fault]]:
    try:
        sheets = read_workbook(book)
    except (OSError, NotAWorkbookError) as error:
        why = error.strerror if isinstance(error, OSError) else f"不是 Excel 工作簿（.xlsx）：{error}"
        console.print(f"[red]无法读取：[/]{escape(str(book))}（{escape(str(why))}）")
        raise typer.Exit(UNREACHABLE) from error
    said: list[Said] = []
    faults: list[Fault] = []
    for name, rows in sheets.items():
        events, wrong = read_sheet(name, rows, source) if rows else ([], [])
        said += events
        faults += wrong
    return said, faults


def _answer(refused: Refused) -> str:
    return _ANSWERS.get(refused.code, f"未被接受（{refused.code}）：{refused.reason}")


def _sum_up(outcome: Outcome, refused: int, console: Console) -> None:
    console.print(f"{outcome.recorded} 条已入账，{refused} 处有误，{outcome.unanswered} 条尚无答复")
    if outcome.uncertain:
        console.print(f"{outcome.uncertain} 条不能确定是否送达（{escape(outcome.lost)}），请再导入一次")
    if outcome.unsent:
        console.print(f"[red]{outcome.unsent} 条未送出[/]（{escape(outcome.lost)}），请再导入一次")
    if outcome.unheard:
        console.print("已送达总线；当前用户无权查询台账进度，之后如有退回，见本单位的退回通知")
    elif outcome.unanswered:
        console.print("已送达总线；台账尚未答复，恢复后会自动入账")
