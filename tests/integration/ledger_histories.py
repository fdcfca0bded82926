"""What the stream of events may hold, and how it may be delivered: for properties that hold of any history."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.ledger.domain.batch import Stored
from tests.integration.department import cloudevent

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = [f"2026-{month:02}-15" for month in range(1, 9)]
UNITS = ("investment", "finance")
SUBJECTS = ["P-1", "P-2", "TRIP-1"]
IDS = [str(number) for number in range(12)]
# The bus's clock may be set back, and several messages may be stored in one microsecond: the instants of messages that
# follow each other on the stream are in no order, and do not alone make one.
INSTANTS = st.integers(0, 4).map(lambda micros: START + timedelta(microseconds=micros))


def data(name: str, /, **fields: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Data of one kind of event; a field may be a value or a strategy."""
    strategies = {
        key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in fields.items()
    }
    return st.tuples(st.just(name), st.fixed_dictionaries({"on": st.sampled_from(DAYS), **strategies}))


AMOUNTS = st.sampled_from(["100000000.00", "500000000.00", "600000000.00"])
FACTOR = {"verdict": "pass", "opinion": "同意", "signer": "王芳"}
ABOUT_PROJECTS = st.one_of(
    data(
        "registered",
        name=st.sampled_from(["甲项目", "乙项目"]),
        investor=st.sampled_from(["440300", "500101"]).map(lambda origin: {"name": "某公司", "origin": origin}),
        industry="C38",
        channel="fixed-point",
    ),
    data("claimed", lead_official=st.sampled_from(["张三", "李四"]), lead_unit="区经信委"),
    data("intent-signed"),
    data(
        "timetable-set",
        milestones=st.dictionaries(
            st.sampled_from(["signed", "started", "completed"]), st.sampled_from(DAYS), min_size=1
        ),
    ),
    data(
        "reviewed",
        gate=st.sampled_from(["preliminary", "industry", "legal"]),
        outcome=st.sampled_from(["passed", "returned"]),
    ),
    data("signed", kind=st.sampled_from(["contract", "framework", "supplement"]), amount=AMOUNTS),
    data("site-fixed", site="工业园"),
    data("planned"),
    data("started"),
    data("completed"),
    data("commissioned"),
    data("at-capacity"),
    data("approved", minutes="第12次常务会"),
    data("evaluated", factors=dict.fromkeys(("industry", "planning", "land", "environment", "intensity"), FACTOR)),
    data("progress-reported", phrase=st.sampled_from(["二期已开工", "主体封顶"])),
    data("progress-reported", phrase="一期种植5000亩", quantity={"value": "5000", "unit": "亩"}),
    data("funds-arrived", amount=AMOUNTS, origin="440300", nature="fixed-assets"),
    data("suspended", reason=st.sampled_from(["停工", "缺地"])),
    data("resumed", reason="复工"),
    data("terminated", reason="退出"),
    data(
        "issue-raised", issue=st.sampled_from("ab"), category="land", urgency="urgent", owner_unit="land", text="缺地"
    ),
    data("issue-resolved", issue=st.sampled_from("ab"), text="已办"),
    data("pledge-made", pledge=st.sampled_from("ab")),
    data("pledge-kept", pledge=st.sampled_from("ab")),
    *(
        data(f"escalation-{state}", case=st.sampled_from("ab"), rule="unclaimed", rung=st.integers(1, 2))
        for state in ("opened", "climbed", "acknowledged", "resolved")
    ),
    data("outreach-made", city=st.sampled_from(["深圳", "昆明"]), led_by="李明"),
    data("voided", event=st.sampled_from(IDS), reason="误报"),
)
ABOUT_TARGETS = data(
    "target-set", year=2026, indicator="funds-arrived", value=st.sampled_from(["105", "110"]), issued_by="市政府"
)
# What annual figures are made of.
ABOUT_FIGURES = st.one_of(
    data("funds-arrived", amount=AMOUNTS, origin=st.sampled_from(["440300", "500103", "HK"]), nature="fixed-assets"),
    data(
        "signed",
        kind=st.sampled_from(["contract", "contract", "supplement"]),
        amount=AMOUNTS,
        platform=st.sampled_from(["provincial", "municipal"]).map(lambda level: {"name": "四川行", "level": level}),
    ),
    data("voided", event=st.sampled_from(IDS), reason="误报"),
)


@st.composite
def stored_messages(
    draw: st.DrawFn, about: st.SearchStrategy[tuple[str, dict[str, Any]]] = ABOUT_PROJECTS, at_least: int = 1
) -> list[Stored]:
    """What the stream may hold: events that correct each other in any direction, with some that are refused."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(UNITS),
                st.one_of(about, about, ABOUT_TARGETS),
                st.sampled_from(SUBJECTS),
                st.none() | st.sampled_from(IDS),
                st.booleans() | st.none(),
                INSTANTS,
            ),
            min_size=at_least,
            max_size=12,
        )
    )
    messages = []
    for number, (unit, (name, fields), project, replaces, whole, at) in enumerate(drawn):
        subject = "target-2026-funds-arrived" if name == "target-set" else project
        more = {"replaces": replaces} if replaces not in (None, str(number)) else {}
        event = cloudevent(unit, subject, str(number), name, fields, **more)
        payload = json.dumps(event).encode() if whole is not False or name == "voided" else b"{"
        messages.append(Stored(f"events.500101.{unit}.{subject}.{name}", payload, number + 1, at))
    # A department may send an event again: the stream then stores a copy of it, later.
    copies = draw(st.lists(st.tuples(st.sampled_from(messages), INSTANTS), max_size=3))
    for number, (sent, again) in enumerate(copies, len(messages)):
        messages.append(Stored(sent.subject, sent.payload, number + 1, again))
    return messages


@st.composite
def deliveries(
    draw: st.DrawFn, about: st.SearchStrategy[tuple[str, dict[str, Any]]] = ABOUT_PROJECTS, at_least: int = 1
) -> tuple[list[Stored], list[list[Stored]]]:
    """The messages once in order, and the same delivered in some order, some twice, in batches."""
    messages = draw(stored_messages(about, at_least))
    again = draw(st.lists(st.sampled_from(messages), max_size=4))
    shuffled = draw(st.permutations(messages + again))
    batches: list[list[Stored]] = [[]]
    for message in shuffled:
        batches[-1].append(message)
        if draw(st.booleans()):
            batches.append([])
    return messages, batches
