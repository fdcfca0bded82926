"""Projects are locked by buckets, and messages go into lanes by buckets: so no two lanes wait for each other."""

from collections import Counter, defaultdict
from collections.abc import Hashable

import pytest

from services.ledger.domain.buckets import BUCKETS, bucket, lane_key

PROJECTS = [f"P-2026-{number}" for number in range(5_000)]


def subject(project: str, name: str = "started") -> str:
    return f"events.500101.investment.{project}.{name}"


def test_all_messages_about_projects_of_one_bucket_have_one_lane_key() -> None:
    keys: dict[int, set[Hashable]] = defaultdict(set)
    for project in PROJECTS:
        keys[bucket("500101", project)] |= {lane_key(subject(project)), lane_key(subject(project, "signed"))}
    assert {len(of_one_bucket) for of_one_bucket in keys.values()} == {1}
    assert len(keys) > BUCKETS * 0.9


def test_what_names_no_project_stands_for_itself() -> None:
    assert lane_key("events.500101") == "events.500101"


@pytest.mark.parametrize("partitions", [1, 2, 3, 4, 5, 8, 10])
@pytest.mark.parametrize("lanes", [2, 3, 5, 8])
def test_every_lane_gets_its_share_of_every_partition(partitions: int, lanes: int) -> None:
    of_the_first = [project for project in PROJECTS if bucket("500101", project) % partitions == 0]
    shares = Counter(hash(lane_key(subject(project))) % lanes for project in of_the_first)
    assert len(shares) == lanes
    assert max(shares.values()) < 3 * len(of_the_first) / lanes
