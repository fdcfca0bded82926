"""What `luodi up` shows: each step as it is done, then the addresses, then only what somebody should know."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

from deploy.local.process import ProcessError


class Screen:
    """A terminal, or a file when the output goes there. Addresses are never broken into lines: they get copied."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def opening(self, directory: Path) -> None:
        self._print(f"\n[bold]落地 Luodi[/]  [dim]data in {escape(str(directory))}[/]\n")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show that something is being done, and how long it took once it is."""
        begun = time.monotonic()
        with self._console.status(f"{name} …"):
            yield
        self._print(f"  [green]✓[/] {name}  [dim]{time.monotonic() - begun:.1f} s[/]")

    def notice(self, text: str) -> None:
        self._print(f"  [yellow]![/] {escape(text)}")

    def failed(self, text: str) -> None:
        self._print(f"\n[bold red]✗[/] {escape(text)}\n")

    def died(self, error: ProcessError, pause: float) -> None:
        self._print(f"\n[red]✗[/] {escape(str(error))}\n  [yellow]Starting it again in {pause:g} s.[/]")

    def returned(self, name: str) -> None:
        self._print(f"[green]✓[/] {name} is back")

    def addresses(self, pages: Mapping[str, str], parts: Mapping[str, str], directory: Path) -> None:
        """The pages to open first, then every part; a password is not shown."""
        lines = {**pages, **{name: _without_password(url) for name, url in parts.items()}}
        width = max(map(cell_len, lines))
        self._print("\n[bold]落地 Luodi is up[/]\n")
        for name, url in lines.items():
            style = "bold cyan" if name in pages else "cyan"
            self._print(f"  {name}{' ' * (width - cell_len(name))}  [{style}]{escape(url)}[/]")
            if name == [*pages][-1]:
                self._print("")
        self._print(f"\n  [dim]Also in {escape(str(directory / 'addresses.json'))}; logs in {directory / 'logs'}[/]")
        self._print("  Ctrl-C stops everything.\n")

    def stopping(self) -> None:
        self._print("\n  Stopping …  [dim](Ctrl-C again ends everything at once)[/]")

    def stopped(self) -> None:
        self._print("  Stopped.\n")

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", "@") if parts.password else url
