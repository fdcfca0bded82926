"""Mistakes that departments make and put right: mistyped amounts, a wrong origin, a date, a double booking."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from deploy.demo.days import is_working
from deploy.demo.diary import Entry, office_hours

_Data = dict[str, Any]
_Mistake = Callable[[_Data], _Data | None]


def with_corrections(rng: Random, entries: Sequence[Entry], district: str, settled: date) -> list[Entry]:
    """The entries with some of them first sent wrong and corrected later.

    What is right in the end is what was given. All corrections that change a figure are sent by the day `settled`;
    one of a reference follows later.
    """
    found = list(entries)
    funds = [entry for entry in entries if _is_counted(entry, district, settled)]
    contracts = [entry for entry in entries if _is_small_platform_contract(entry, settled)]
    mistakes: tuple[tuple[list[Entry], _Mistake], ...] = (
        (funds, _digits_swapped),
        (funds, lambda _: {"origin": district}),
        (funds, _nine_days_earlier),
        (contracts, _ten_times),
    )
    for candidates, mistake in mistakes:
        if right := _take(rng, candidates, mistake):
            _correct(rng, found, right, mistake)
    if right := _take(rng, funds, lambda data: data):
        _book_twice(rng, found, right)
    for late in _last_of(entries, settled):
        _correct(rng, found, late, _other_reference, not_before=settled + timedelta(days=3))
    return found


def _take(rng: Random, candidates: list[Entry], mistake: _Mistake) -> Entry | None:
    """One of the candidates in which the mistake can be made, taken off them; None when there is none."""
    fitting = [entry for entry in candidates if mistake(entry.data)]
    if not fitting:
        return None
    right = rng.choice(fitting)
    candidates.remove(right)
    return right


def _is_counted(entry: Entry, district: str, settled: date) -> bool:
    """An arrival of this year from elsewhere, with time enough to correct it within the settled months."""
    in_time = date(settled.year, 1, 8) <= entry.on <= settled - timedelta(days=21)
    # On the 10th or later an earlier date is still one of the same month.
    return entry.name == "funds-arrived" and in_time and entry.data["origin"] != district and 10 < entry.on.day < 22


def _is_small_platform_contract(entry: Entry, settled: date) -> bool:
    data = entry.data
    small = entry.name == "signed" and data["kind"] == "contract" and float(data["amount"]) < 500_000_000
    return small and entry.on.year == settled.year and "platform" in data and entry.on < settled - timedelta(days=21)


def _last_of(entries: Sequence[Entry], settled: date) -> Iterator[Entry]:
    """One arrival of the settled weeks whose evidence is put right only after them."""
    recent = [e for e in entries if e.name == "funds-arrived" and settled - timedelta(days=14) < e.on <= settled]
    return iter(recent[:1])


def _correct(
    rng: Random,
    entries: list[Entry],
    right: Entry,
    mistake: _Mistake,
    not_before: date | None = None,
) -> None:
    """Send `right` with a mistake in it, and later as its replacement."""
    wrong = replace(right, data=right.data | (mistake(right.data) or {}))
    noticed = office_hours(rng, _noticed(rng, max(right.sent.date(), not_before or right.sent.date())))
    place = next(i for i, entry in enumerate(entries) if entry is right)
    entries[place : place + 1] = [wrong, replace(right, sent=noticed, replaces=wrong)]


def _book_twice(rng: Random, entries: list[Entry], right: Entry) -> None:
    """Book an arrival a second time under another number, and withdraw the second booking."""
    again = replace(right, sent=office_hours(rng, _noticed(rng, right.sent.date())))
    noticed = _noticed(rng, again.sent.date())
    reason = "与前一笔为同一到账，重复登记"
    withdrawal = {"on": noticed.isoformat(), "reason": reason}
    sent = office_hours(rng, noticed)
    entries += [again, Entry(sent, right.unit, right.subject, "voided", withdrawal, voids=again)]


def _noticed(rng: Random, day: date) -> date:
    """The working day on which a mistake of `day` is noticed."""
    day += timedelta(days=rng.randint(1, 4))
    while not is_working(day):
        day += timedelta(days=1)
    return day


def _digits_swapped(data: _Data) -> _Data | None:
    """Two neighbouring digits exchanged, as 84.8 becomes 88.4; None when no two of them differ."""
    amount: str = data["amount"]
    digits = amount.removesuffix(".00").rstrip("0")
    for i in range(1, len(digits) - 1):
        if digits[i] != digits[i + 1]:
            return {"amount": digits[:i] + digits[i + 1] + digits[i] + amount[i + 2 :]}
    return None


def _ten_times(data: _Data) -> _Data:
    return {"amount": data["amount"].replace(".", "0.")}


def _nine_days_earlier(data: _Data) -> _Data:
    return {"on": (date.fromisoformat(data["on"]) - timedelta(days=9)).isoformat()}


def _other_reference(data: _Data) -> _Data:
    evidence = data["evidence"]
    return {"evidence": evidence | {"reference": evidence["reference"][:-1] + "X"}}
