"""`luodi quarantine`: an operator looks at what was refused, and settles it."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import asyncpg
import orjson
import structlog
import typer
from nats.errors import Error as NatsError
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.ledger import quarantine_screen as screen
from services.ledger.metrics import Metrics
from services.ledger.quarantine import Place, Quarantine, Sieve
from services.ledger.quarantine_arguments import By, District, Number, Numbers, Unit, Why, instant, line, number, user
from services.ledger.recorder import Recorder
from services.ledger.settings import LedgerSettings
from services.ledger.warden import Outcome, Warden, without_refusals
from shared import database, streams
from shared.publishing import Publisher

T = TypeVar("T")

_AT_ONCE: Final = 200
# An operator waits; so a project that merely takes long is recorded by a retry.
_FOLD_SECONDS: Final = 600.0


class _MisuseError(Exception):
    """What was asked for cannot be done as it was asked."""


app = typer.Typer(no_args_is_help=True)


@app.callback()
def quarantine() -> None:
    """Messages that were refused: see why, and settle them.

    A message that is no event, or that cannot be recorded, is kept whole,
    and its department is told. It waits here, and the district's figures
    say that they are not complete, until somebody settles it:

        luodi quarantine list                    what waits, and why
        luodi quarantine show 183                one message, whole
        luodi quarantine retry 183               record it, after a repair
        luodi quarantine discard 183 --reason …  set it aside, for ever kept

    Who did what, when and why stays on record; nothing is ever deleted.
    Where a department has sent the mended event since, discard the broken
    one.

    Reads LUODI_DATABASE_URL; retry and discard read LUODI_NATS_URL too.
    """


@app.command(name="list")
def list_(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    district: District = None,
    unit: Unit = None,
    code: Why = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=instant, metavar="WHEN", help="Stored since: 2026-09-01, 24h, 7d, or an instant."),
    ] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Also those that were retried or discarded.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the oldest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the fields of GET /v1/quarantine.")] = False,
) -> None:
    """List what waits, oldest first: when, who, and why.

    Exit 0, also for none. 2: Postgres cannot be reached.
    """
    sieve = Sieve(district, unit, code, since, closed)

    async def ask(quarantine: Quarantine) -> tuple[list[Any], dict[str, int]]:
        return await quarantine.page(sieve, limit), await quarantine.tally(sieve)

    messages, numbers = _run(_asking(ask))
    if as_json:
        typer.echo(orjson.dumps(messages, option=orjson.OPT_INDENT_2))
        return
    if messages:
        # Whoever reads it through a pipe wants lines that are not cut for a small screen.
        console = Console(width=None if sys.stdout.isatty() else 160)
        console.print(screen.table(messages, closed=closed, narrow=console.width < 120))
    _say(screen.tally(numbers, closed=closed, shown=len(messages)))


@app.command()
def show(
    sequence: Annotated[Number, typer.Argument(parser=number, metavar="SEQUENCE", help="Its number, from the list.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write its bytes to standard output, exactly.")] = False,
) -> None:
    """Show one message: why it was refused, who was told, what was done about it, and its content.

    Content that is JSON is set out, with the digits that were sent. What a
    terminal might obey is spelt out; only --raw writes the bytes as they are.

    Exit 0. 1: there is no such message. 2: Postgres cannot be reached.
    """

    async def ask(quarantine: Quarantine) -> tuple[bytes, str] | None:
        places = await _resolved(quarantine, [sequence])
        if not places:
            return None
        [kept] = await quarantine.kept(places)
        return kept.raw, screen.whole(kept, await quarantine.history(places[0]))

    found = _run(_asking(ask))
    if found is None:
        _say(f"No refused message has the sequence number {sequence.sequence}.")
        raise typer.Exit(1)
    if raw:
        sys.stdout.buffer.write(found[0])
        sys.stdout.buffer.flush()
    else:
        typer.echo(found[1])


@app.command()
def retry(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    sequences: Numbers = None,
    code: Why = None,
    district: District = None,
    unit: Unit = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also what its sender seems to have sent again.")] = False,
    by: By = None,
) -> None:
    """Judge messages again, as Luodi judges today, and record those that are events now.

    After an upgrade that knows the event's version, or the repair of a fold:

        luodi quarantine retry 183 184
        luodi quarantine retry --code unknown-version --district 500101

    An event that is recorded counts from when it was published, not from
    now: what was known on a past day changes with it. What is refused still
    stays, with today's reason; its department hears of a reason that is new.
    A message whose sender has said the same under another id is left, for
    it would count twice; --anyway records it all the same.

    Safe while the ledger runs, and to repeat.

    Exit 0: all are on record. 1: some are not, with a line for each.
    2: nothing done, or stopped half-way: a server cannot be reached.
    """

    async def settle(warden: Warden, places: Sequence[Place]) -> list[Outcome]:
        return await warden.retry(places, by or user(), anyway=anyway)

    _settle(_Chosen(sequences, Sieve(district, unit, code)), settle)


@app.command()
def discard(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    reason: Annotated[str, typer.Option(help="Why it need not count, for the record.", callback=line)],
    sequences: Numbers = None,
    code: Why = None,
    district: District = None,
    unit: Unit = None,
    by: By = None,
) -> None:
    """Set messages aside: they are kept whole and listed with --closed, but wait no longer.

    For what will never be an event, or was sent again in another form:

        luodi quarantine discard 183 --reason "sent again as 2026-000190"
        luodi quarantine discard --code not-json --unit finance --reason …

    Was it wrong? A discarded message can still be retried, by its number.

    Exit 0: all are discarded. 1: some are not, with a line for each.
    2: nothing done, or stopped half-way: a server cannot be reached.
    """

    async def settle(warden: Warden, places: Sequence[Place]) -> list[Outcome]:
        return await warden.discard(places, by or user(), reason)

    _settle(_Chosen(sequences, Sieve(district, unit, code)), settle)


class _Chosen:
    """Which messages a command is about: by sequence numbers, or all that wait for one reason."""

    def __init__(self, sequences: Sequence[Number] | None, sieve: Sieve) -> None:
        if bool(sequences) == bool(sieve.code):
            raise typer.BadParameter("say which messages: by their sequence numbers, or by --code")
        if sequences and (sieve.district or sieve.unit):
            raise typer.BadParameter("--district and --unit go with --code; sequence numbers say it all")
        self.sequences = list(dict.fromkeys(sequences or ()))
        self.sieve = sieve

    async def total(self, quarantine: Quarantine) -> int:
        return len(self.sequences) or sum((await quarantine.tally(self.sieve)).values())

    async def batches(self, quarantine: Quarantine) -> AsyncIterator[list[Place]]:
        if self.sequences:
            places = await _resolved(quarantine, self.sequences)
            for start in range(0, len(places), _AT_ONCE):
                yield places[start : start + _AT_ONCE]
            return
        after: Place | None = None
        while messages := await quarantine.page(self.sieve, _AT_ONCE, after):
            after = messages[-1].place
            yield [message.place for message in messages]


def _settle(chosen: _Chosen, settle: Callable[[Warden, Sequence[Place]], Awaitable[list[Outcome]]]) -> None:
    """Settle batch by batch; print a line for each message, also when stopped half-way; exit 1 when some are left."""
    outcomes: list[Outcome] = []
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())

    async def work() -> None:
        async with _warden() as (quarantine, warden):
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
                bar = bars.add_task("judged", total=await chosen.total(quarantine))
                async for places in chosen.batches(quarantine):
                    outcomes.extend(await settle(warden, places))
                    bars.update(bar, completed=len(outcomes))
            if not chosen.sequences:
                # A command that was killed may have closed messages whose number nobody published.
                await warden.announce(chosen.sieve.district)

    try:
        _run(work())
    finally:
        for one in outcomes:
            typer.echo(screen.outcome(one))
    found = {one.place.stream_sequence for one in outcomes}
    missing = [one.sequence for one in chosen.sequences if one.sequence not in found]
    for sequence in missing:
        typer.echo(f"{sequence}  not-found  no refused message has this sequence number")
    left = sum(not one.settled for one in outcomes) + len(missing)
    _say(f"{len(outcomes) + len(missing) - left} settled, {left} not.")
    if left:
        raise typer.Exit(1)


async def _resolved(quarantine: Quarantine, sequences: Sequence[Number]) -> list[Place]:
    """Where these messages stood; none for a number that no message has. Raises when a number does not suffice."""
    known = await quarantine.places({one.sequence for one in sequences})
    resolved = []
    for one in sequences:
        places = [place for place in known[one.sequence] if one.instant in (None, place.recorded_at)]
        if len(places) > 1:
            names = " or ".join(screen.address(place) for place in places)
            raise _MisuseError(
                f"{len(places)} messages have the sequence number {one.sequence}, for the stream was made anew and "
                f"counted from 1 again. Nothing was done; say which one: {names}"
            )
        resolved += places
    return list(dict.fromkeys(resolved))


@contextlib.asynccontextmanager
async def _warden() -> AsyncIterator[tuple[Quarantine, Warden]]:
    settings = LedgerSettings()
    try:
        connection = await streams.connect(settings.nats_url, "luodi-quarantine")
    except (OSError, NatsError, TimeoutError) as error:
        raise _MisuseError(
            f"{str(error) or type(error).__name__}: is NATS up at LUODI_NATS_URL? Nothing was done."
        ) from error
    try:
        publish = Publisher(connection)
        async with database.make_pool(settings.database_url, "luodi-quarantine", size=2) as pool:
            recorder = Recorder(
                pool,
                without_refusals(publish),
                Metrics(CollectorRegistry()),
                fold_seconds=_FOLD_SECONDS,
                largest=lambda: connection.max_payload,
            )
            yield Quarantine(pool), Warden(pool, publish, recorder)
    finally:
        await connection.close()


async def _asking(ask: Callable[[Quarantine], Awaitable[T]]) -> T:
    async with database.make_pool(LedgerSettings().database_url, "luodi-quarantine", size=1) as pool:
        return await ask(Quarantine(pool))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run it; what keeps it from being done is said in a sentence, and ends the command with 2."""
    # What the recorder would log, the command says in its own lines.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    try:
        return asyncio.run(work)
    except _MisuseError as error:
        _say(str(error))
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        _say(f"{error}: run 'luodi provision'.")
    except (NatsError, TimeoutError) as error:
        _say(f"{str(error) or type(error).__name__}: no answer in time. What has a line below is done; do it again.")
    except database.AWAY as error:
        _say(f"{str(error) or type(error).__name__}: is Postgres up at LUODI_DATABASE_URL?")
    raise typer.Exit(2)


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)
