"""`luodi notifier silence`: not to press something, for a reason and until a day."""

from datetime import date, datetime, timedelta
from typing import Annotated, get_args

import typer

from services.notifier.domain.rules import RuleId
from services.notifier.domain.silences import Silence
from services.notifier.domain.wording import zh_end
from services.notifier.offline import asking
from services.notifier.silencer import Silencer, UnknownSilenceError, Wish
from shared import clock
from shared.clock import BUSINESS_ZONE
from shared.database import Connection

app = typer.Typer(help="Silences (免打扰): what is not pressed, why, by whom and until when.", no_args_is_help=True)


@app.command()
def add(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    reason: Annotated[str, typer.Option(help="Why it is not to be pressed; shown wherever it is asked about.")],
    who: Annotated[str, typer.Option(help="Who decided it.")],
    until: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Its last day, or its end (Asia/Shanghai)."),
    ],
    district: Annotated[str | None, typer.Option(help="Only in this district.")] = None,
    project: Annotated[str | None, typer.Option(help="Only this project.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only what this rule of the policy watches.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only what this unit owes.")] = None,
    official: Annotated[str | None, typer.Option(help="Only projects of this lead official.")] = None,
) -> None:
    """Begin a silence. All that is given must agree; at least one of district, project, rule, unit, official.

    While it lasts no clock of a case that it covers runs, nobody is told, and no new case is opened. Afterwards each
    goes on with the time that it had left. Exit 2 when nothing was done.
    """
    given = {"district": district, "project": project, "rule": rule, "unit": unit, "official": official}
    matcher = {name: value for name, value in given.items() if value}
    now = clock.system()
    # A day without a time means through that day.
    whole_day = (until.hour, until.minute) == (0, 0)
    end = (until + timedelta(days=1) if whole_day else until).replace(tzinfo=BUSINESS_ZONE)
    if rule is not None and rule not in get_args(RuleId):
        raise typer.BadParameter(f"--rule: one of {', '.join(get_args(RuleId))}")
    if not matcher:
        raise typer.BadParameter("say what: --district, --project, --rule, --unit or --official")
    if end <= now:
        raise typer.BadParameter("--until lies in the past")

    async def work(connection: Connection) -> str:
        return str(await Silencer(connection).add(Wish(matcher, reason, who, end), now))

    typer.echo(asking(work))


@app.command("list")
def list_all(past: Annotated[bool, typer.Option("--past", help="Also those that are over.")] = False) -> None:
    """List silences, the one that ends next first."""
    now = clock.system()

    async def work(connection: Connection) -> list[Silence]:
        return list(await Silencer(connection).list(now, also_past=past))

    found = asking(work)
    for each in found:
        typer.echo(_line(each, clock.business_day(now)))
    if not found:
        typer.echo("没有免打扰", err=True)


@app.command()
def end(silence: Annotated[str, typer.Argument(help="Its id, or enough of its beginning.")]) -> None:
    """End a silence now. Exit 1 when none under way, or more than one, has an id that begins so."""
    now = clock.system()

    async def work(connection: Connection) -> str | None:
        try:
            return str(await Silencer(connection).end(silence, now))
        except UnknownSilenceError:
            return None

    ended = asking(work)
    if ended is None:
        typer.echo(f"no silence under way, or more than one, begins with {silence}", err=True)
        raise typer.Exit(1)
    typer.echo(ended)


def _line(one: Silence, today: date) -> str:
    parts = (
        ("区县", one.district),
        ("项目", one.project),
        ("规则", one.rule),
        ("责任单位", one.unit),
        ("挂包领导", one.official),
    )
    what = "，".join(f"{name} {value}" for name, value in parts if value)
    return f"{one.id}  至{zh_end(one.until, today)}  {what}  {one.reason}（{one.who}）"
