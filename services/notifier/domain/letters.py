"""A message before it is written: to whom, about which cases, and what its reader heard before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

Notice: TypeAlias = Literal["overdue", "resolved", "digest", "test"]
Outcome: TypeAlias = Literal["met", "withdrawn", "ended"]


@dataclass(frozen=True, slots=True)
class Heard:
    """When an earlier rung reached somebody first, and whether they answered (签收)."""

    on: date
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Others:
    """How many cases the reader was told of earlier that are not over; of these, answered ones and those at the last
    rung."""

    count: int = 0
    answered: int = 0
    exhausted: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One case in a message. `brief` is its sentence in a list; `told` is whom earlier rungs reached.

    `subject` is what was pressed, in a few words. `urgency`: the lower, the earlier in a list. `outcome`: how it
    ended, when that is what is told.
    """

    case: str
    rule: str
    rung: int
    district: str
    project: str
    name: str | None
    matter: str
    due: date
    text: str
    brief: str
    subject: str = ""
    unit: str | None = None
    official: str | None = None
    investor: str | None = None
    told: Mapping[str, Heard] = field(default_factory=dict)
    urgency: int = 5
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient; `items` in the order in which they are to be read.

    `number` is what people quote, and stays the same when a message has to be sent once more (`again`). `discreet`
    leaves out what a group must not read: amounts, the investor's name, telephone numbers. `most` is how many lines a
    list has before the rest is behind its link; `others` is for a digest.
    """

    notice: Notice
    number: str
    recipient: str
    items: Sequence[Item]
    link: str | None
    today: date
    discreet: bool
    again: bool = False
    most: int | None = None
    others: Others = Others()

    @property
    def answerable(self) -> bool:
        """Whether there is anything in it to acknowledge."""
        return any(item.outcome is None for item in self.items)
