"""`luodi users`: the list of users for a NATS server, which keeps its users in its own configuration."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from shared.subjects import DISTRICT, UNIT

_SHIPPED = Path(__file__).with_name("users.conf")


def users(
    units: Annotated[list[str], typer.Argument(metavar="DISTRICT/UNIT...", help="Such as 500101/finance.")],
) -> None:
    """Print the users of a NATS server: Luodi's own, one for each unit that publishes, and the city's.

        luodi users 500101/finance 500101/housing > users.conf

    Include the file in the server's configuration, and give the server a
    password for each in its environment, under the names that stand in it.
    A unit may publish its own events and hear its own refusals; that is all
    it may.

    Exit 0: printed. 2: not a unit.
    """
    typer.echo(users_block(list(dict.fromkeys(map(_read, units)))), nl=False)


def users_block(units: Sequence[tuple[str, str]]) -> str:
    """The list for these (district, unit); a user is called as its unit, with the district where two are called so."""
    called = Counter(unit for _, unit in units)
    blocks = _SHIPPED.read_text(encoding="utf-8").split("\n\n")
    [example] = [number for number, block in enumerate(blocks) if "user: finance" in block]
    written = [_entry(blocks[example], district, unit, called[unit] > 1) for district, unit in units]
    return "\n\n".join([*blocks[:example], *written, *blocks[example + 1 :]])


def _entry(example: str, district: str, unit: str, shared: bool) -> str:
    user = f"{unit}-{district}" if shared else unit
    # A variable's name does not begin with a digit.
    variable = f"{'UNIT_' if user[0].isdigit() else ''}{user.upper().replace('-', '_')}"
    said = {"500101.finance": f"{district}.{unit}", "finance": user, "$FINANCE_": f"${variable}_"}
    return re.sub("|".join(map(re.escape, said)), lambda match: said[match[0]], example)


def _read(text: str) -> tuple[str, str]:
    district, _, unit = text.strip("/").partition("/")
    if not DISTRICT.fullmatch(district) or not UNIT.fullmatch(unit):
        raise typer.BadParameter(f"{text}: a unit is <district>/<unit>, six digits and then a-z 0-9 -: 500101/finance")
    if unit in {"luodi", "city"}:
        raise typer.BadParameter(f"{text}: {unit} is a user of that list already")
    return district, unit
