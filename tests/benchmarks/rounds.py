"""Measures rows in turn, round by round, and shows how far it is."""

from collections.abc import Sequence
from pathlib import Path

from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.local.process import ProcessError
from tests.benchmarks.asking import Answers
from tests.benchmarks.house import opened
from tests.benchmarks.lap import Lap
from tests.benchmarks.latency import Delay
from tests.benchmarks.measurements import Measurement
from tests.benchmarks.race import WrongError

_FAILURES = (ProcessError, WrongError, NatsError, TimeoutError)


class Session:
    """What is measured in one run of the benchmark: `rounds` holds, for each, what each row gave."""

    def __init__(self, rows: Sequence[Measurement], folder: Path) -> None:
        self.rows = rows
        self.rounds: list[dict[str, Lap | Delay | Answers]] = []
        self.failed: set[str] = set()
        self._folder = folder

    async def measure(self, runs: int) -> None:
        """So many rounds; a row that fails is said and left out of its round."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bars:
            again = [row for row in self.rows if not row.once]
            whole = bars.add_task("rows", total=len(self.rows) + (runs - 1) * len(again))
            for number in range(1, runs + 1):
                self.rounds.append({})
                for row in self.rows if number == 1 else again:
                    current = bars.add_task(row.title, total=None)
                    bars.console.print(f"round {number}  {row.title:32} {await self._row(row, bars, current)}")
                    bars.remove_task(current)
                    bars.advance(whole)

    async def _row(self, row: Measurement, bars: Progress, task: TaskID) -> str:
        def tell(what: str, done: int, total: int) -> None:
            bars.update(task, description=f"{row.title}: {what}", completed=done, total=total)

        try:
            async with opened(self._folder) as house:
                result = self.rounds[-1][row.name] = await row.run(house, tell)
        except _FAILURES as error:
            self.failed.add(row.name)
            return f"[red]not measured:[/] {error or type(error).__name__}"
        if isinstance(result, Lap):
            return f"{result.rate:>9,.0f} events/s"
        if isinstance(result, Answers):
            return f"answers after {', '.join(f'{one.p50:,.1f}' for one in result.waits.values())} ms (p50)"
        return f"{result.row.p50 or float('nan'):>9,.1f} ms to the row (p50)"
