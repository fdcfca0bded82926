"""Hypothesis strategies for valid events of every kind, and for other ways to write the same event."""

import json
import string
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from stdnum.cn import uscc as credit_code

from shared import events as e
from shared.envelope import Event, to_cloudevent
from shared.places import COUNTRIES, PROVINCES
from shared.subjects import event_subject

DISTRICTS = ("500101", "510703", "440305")
UNITS = ("finance", "investment", "bureau-2", "notifier")

districts = st.sampled_from(DISTRICTS)
units = st.sampled_from(UNITS)
days = st.dates(date(2024, 1, 1), date(2028, 12, 31))
projects = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=64).filter(
    lambda text: not text.startswith("target-")
)
indicators = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=52)
money = st.integers(0, 10**17).map(lambda cents: Decimal(cents).scaleb(-2))
shares = st.integers(1, 10_000).map(lambda hundredths: Decimal(hundredths).scaleb(-2))
numbers = st.decimals(0, 10**15, places=4)
# Everything that may be in a name, from any script; Cs is half of a surrogate pair, Cc a control character.
_printable = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
lines = st.text(_printable, min_size=1, max_size=30).map(str.strip).filter(bool)
labels = st.sampled_from(["land-1", "问题三", "bank-slip", "亩", "K-7"])
prose = st.text(_printable | st.sampled_from("\n\t"), min_size=1, max_size=60).map(str.strip).filter(bool)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
ids = st.text(_printable, min_size=1, max_size=40).filter(lambda text: text.isprintable() and text == text.strip())
places = st.sampled_from(sorted(COUNTRIES)) | st.builds(
    "{}{:04}".format, st.sampled_from(sorted(PROVINCES)), st.integers(0, 9999)
)
# 8 of registration, 9 of the organisation code with its own check character, 1 check character over all.
credit_codes = st.integers(0, 99_999_999).map(lambda number: _credit_code(f"{number:08}"))
industries = st.from_regex(r"\A([A-T]([0-9]{2,4})?|[0-9]{2,4})\Z").filter(str.isascii)
instants = st.integers(0, 10**14).map(lambda micros: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros))


def _credit_code(organisation: str) -> str:
    weighted = sum(int(digit) * weight for digit, weight in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    front = f"91500101{organisation}{'0123456789X0'[(11 - weighted % 11) % 11]}"
    return front + credit_code.calc_check_digit(front)


def _maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


def _data(kind: type[e.Data], /, **fields: SearchStrategy[Any]) -> SearchStrategy[e.Data]:
    return st.builds(kind, on=days, note=_maybe(prose), **fields)


_investors = st.builds(
    e.Investor, name=lines, origin=places, uscc=_maybe(credit_codes), tags=_maybe(st.lists(lines, max_size=3))
)
_factors = st.builds(
    e.Factor,
    verdict=st.sampled_from(["pass", "conditional", "fail"]),
    opinion=prose,
    signer=lines,
    score=_maybe(numbers),
)
_milestones = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("site_fixed", "planned", "signed", "started", "completed", "commissioned"), days)
)
_platforms = st.builds(
    e.Platform, name=lines, level=st.sampled_from(["national", "provincial", "municipal", "district"])
)
_pledges = {"pledge": labels, "clause": _maybe(prose), "amount": _maybe(money), "due": _maybe(days)}
_escalations = {"case": lines, "rule": lines, "rung": st.integers(1, 99), "who": _maybe(lines)}

_STRATEGIES: dict[type[e.Data], SearchStrategy[e.Data]] = {
    e.Registered: _data(
        e.Registered,
        name=lines,
        investor=_investors,
        industry=industries,
        channel=st.sampled_from(
            ["fixed-point", "targeted", "directional", "agent", "commissioned", "enterprise", "own"]
        ),
        cluster=_maybe(labels),
        agent=_maybe(lines),
        introduced_by=_maybe(lines),
        driven_by=_maybe(lines),
        planned_amount=_maybe(money),
        summary=_maybe(prose),
    ),
    e.Claimed: _data(e.Claimed, lead_official=lines, lead_unit=lines, command_office=_maybe(lines)),
    e.Evaluated: _data(
        e.Evaluated,
        factors=st.builds(
            e.Factors,
            industry=_factors,
            planning=_factors,
            land=_factors,
            environment=_factors,
            intensity=_factors,
        ),
    ),
    e.IntentSigned: _data(e.IntentSigned, amount=_maybe(money)),
    e.TimetableSet: _data(e.TimetableSet, milestones=_milestones.filter(bool).map(lambda due: e.Milestones(**due))),
    e.Reviewed: _data(
        e.Reviewed,
        gate=st.sampled_from(["preliminary", "industry", "legal"]),
        outcome=st.sampled_from(["passed", "returned", "rejected"]),
        opinion=_maybe(prose),
        sha256=_maybe(hashes),
    ),
    e.Approved: _data(e.Approved, minutes=lines),
    e.Signed: _data(
        e.Signed,
        kind=st.sampled_from(["contract", "framework", "supplement"]),
        amount=money,
        number=_maybe(lines),
        platform=_maybe(_platforms),
        share=_maybe(shares),
    ),
    e.SiteFixed: _data(e.SiteFixed, site=lines, area_mu=_maybe(numbers), zone=_maybe(lines)),
    e.Planned: _data(e.Planned),
    e.Started: _data(e.Started),
    e.Completed: _data(e.Completed),
    e.Commissioned: _data(e.Commissioned),
    e.AtCapacity: _data(e.AtCapacity),
    e.FundsArrived: _data(
        e.FundsArrived,
        amount=money,
        origin=places,
        nature=st.sampled_from(["fixed-assets", "working-capital", "registered-capital", "other"]),
        evidence=_maybe(st.builds(e.Evidence, kind=labels, reference=lines, sha256=_maybe(hashes))),
        original=_maybe(
            st.builds(
                e.Original,
                amount=numbers,
                currency=st.sampled_from(["USD", "HKD", "EUR"]),
                rate=st.decimals("0.0001", 20, places=4),
            )
        ),
        share=_maybe(shares),
    ),
    e.ProgressReported: _data(
        e.ProgressReported, phrase=prose, quantity=_maybe(st.builds(e.Quantity, value=numbers, unit=labels))
    ),
    e.Suspended: _data(e.Suspended, reason=prose),
    e.Resumed: _data(e.Resumed, reason=prose),
    e.Terminated: _data(e.Terminated, reason=prose),
    e.IssueRaised: _data(
        e.IssueRaised,
        issue=labels,
        category=st.sampled_from(["policy", "land", "funding", "planning", "approval", "location", "other"]),
        urgency=st.sampled_from(["at-once", "urgent", "special"]),
        owner_unit=lines,
        text=prose,
        due=_maybe(days),
    ),
    e.IssueResolved: _data(e.IssueResolved, issue=labels, text=prose),
    e.PledgeMade: _data(e.PledgeMade, **_pledges),
    e.PledgeKept: _data(e.PledgeKept, **_pledges),
    e.OutreachMade: _data(
        e.OutreachMade,
        city=lines,
        led_by=lines,
        met=_maybe(st.lists(lines, max_size=3)),
        projects=_maybe(st.lists(projects, max_size=3)),
    ),
    e.TargetSet: _data(e.TargetSet, year=st.integers(2000, 2199), indicator=indicators, value=numbers, issued_by=lines),
    e.Voided: _data(e.Voided, event=ids, reason=prose),
    e.EscalationOpened: _data(e.EscalationOpened, **_escalations),
    e.EscalationClimbed: _data(e.EscalationClimbed, **_escalations),
    e.EscalationAcknowledged: _data(e.EscalationAcknowledged, **_escalations),
    e.EscalationResolved: _data(e.EscalationResolved, **_escalations),
}

DATA: Mapping[str, SearchStrategy[e.Data]] = MappingProxyType({kind.NAME: made for kind, made in _STRATEGIES.items()})
"""Published name → valid data of that event."""

any_data = st.one_of(list(DATA.values()))


@st.composite
def events(
    draw: st.DrawFn,
    data: SearchStrategy[e.Data] = any_data,
    *,
    district: SearchStrategy[str] = districts,
    unit: SearchStrategy[str] = units,
    subject: SearchStrategy[str] = projects,
) -> Event:
    """A valid event; a target's subject follows from its data, whatever `subject` gives."""
    content = draw(data)
    event_id = draw(ids)
    if isinstance(content, e.Voided) and content.event == event_id:
        event_id = f"{event_id[:30]}'s voiding"
    replaces = draw(_maybe(ids))
    return Event(
        district=draw(district),
        unit=draw(unit),
        subject=f"target-{content.year}-{content.indicator}" if isinstance(content, e.TargetSet) else draw(subject),
        id=event_id,
        data=content,
        time=draw(_maybe(instants)),
        replaces=None if replaces == event_id else replaces,
    )


def address(event: Event) -> str:
    """The bus subject that the event belongs under."""
    return event_subject(event.district, event.unit, event.subject, event.name)


def written(event: Event) -> bytes:
    """The event as a sender would write it."""
    return json.dumps(to_cloudevent(event), ensure_ascii=False).encode()


@st.composite
def rewritten(draw: st.DrawFn, event: Event) -> bytes:
    """The same event, written otherwise: key order, white space, escapes, money as a number, another offset, nulls."""
    document = to_cloudevent(event)
    document["data"] = draw(_shuffled({**document["data"], **draw(_spelled(document["data"]))}))
    if event.time is not None:
        offset = timezone(timedelta(minutes=draw(st.integers(-14 * 60, 14 * 60))))
        document["time"] = event.time.astimezone(offset).isoformat()
    if draw(st.booleans()):
        del document["datacontenttype"]
    if event.data.note is None and draw(st.booleans()):
        document["data"]["note"] = None
    text = json.dumps(
        draw(_shuffled(document)),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 1, 4])),
        separators=draw(st.sampled_from([(",", ":"), (", ", " : ")])),
    )
    return text.replace(f'"{_NUMBER}', "").replace(f'{_NUMBER}"', "").encode()


# Stands where quotes are to be cut away, since no writer of JSON lets the digits of a number be chosen.
_NUMBER = "<<number>>"


@st.composite
def _spelled(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    amounts = {key: data[key] for key in ("amount", "planned_amount") if key in data}
    return {key: draw(st.sampled_from(_spellings(amount))) for key, amount in amounts.items()}


def _spellings(amount: str) -> list[str]:
    short = format(Decimal(amount).normalize(), "f")
    return [amount, short, f"0{amount}"[-19:], f"{_NUMBER}{amount}{_NUMBER}", f"{_NUMBER}{short}{_NUMBER}"]


@st.composite
def _shuffled(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    return dict(draw(st.permutations(list(document.items()))))
