"""Signed links."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.links import (
    BadLinkError,
    ExpiredLinkError,
    Link,
    LinkMaker,
    read_link,
    write_link,
)

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 9, 23, 2, 0, tzinfo=UTC)
LINK = Link(UUID(int=7), "王建国 副区长", "acknowledge", NOW + timedelta(days=14))


def test_a_link_reads_as_it_was_written() -> None:
    assert read_link(write_link(LINK, SECRET), SECRET, NOW) == LINK


def test_a_link_is_safe_in_an_address_as_it_is() -> None:
    assert set(write_link(LINK, SECRET)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_link_expires_at_its_instant() -> None:
    token = write_link(LINK, SECRET)
    assert read_link(token, SECRET, LINK.expires - timedelta(seconds=1)) == LINK
    with pytest.raises(ExpiredLinkError):
        read_link(token, SECRET, LINK.expires)


def test_a_link_signed_with_another_secret_is_not_ours() -> None:
    with pytest.raises(BadLinkError):
        read_link(write_link(LINK, b"another secret of thirty-two byte"), SECRET, NOW)


@given(place=st.integers(0), letter=st.characters())
def test_a_link_with_any_character_changed_is_not_ours(place: int, letter: str) -> None:
    token = write_link(LINK, SECRET)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(BadLinkError):
            read_link(changed, SECRET, NOW)


@given(token=st.text(max_size=80) | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,44}", fullmatch=True))
def test_what_is_no_link_is_refused_and_never_fails_otherwise(token: str) -> None:
    with pytest.raises(BadLinkError):
        read_link(token, SECRET, NOW)


def test_a_link_is_the_same_all_day_and_lasts_to_the_end_of_its_last_day() -> None:
    links = LinkMaker("https://luodi.example.gov.cn", SECRET, timedelta(days=14))
    first, later = (
        links.write(UUID(int=7), "王建国 副区长", group=False, now=NOW + timedelta(hours=hours)) for hours in (0, 13)
    )
    assert first == later
    expires = links.read(first.rpartition("/")[2], NOW).expires
    assert expires == datetime(2026, 10, 7, 16, 0, tzinfo=UTC)


def test_a_persons_own_link_is_of_no_message_and_that_of_a_message_is_nobodys_own() -> None:
    links = LinkMaker("https://luodi.example.gov.cn", SECRET, timedelta(days=14))
    own = links.read(links.own_token("王建国 副区长", NOW), NOW)
    assert (own.message, own.recipient, own.action) == (None, "王建国 副区长", "own")
    for wrong in (replace(own, action="acknowledge"), replace(LINK, action="own")):
        with pytest.raises(BadLinkError):
            read_link(write_link(wrong, SECRET), SECRET, NOW)


def test_the_link_of_a_group_message_asks_who_answers() -> None:
    links = LinkMaker("https://luodi.example.gov.cn", SECRET, timedelta(days=14))
    address = links.write(UUID(int=7), "王建国 副区长", group=True, now=NOW)
    beginning, _, token = address.rpartition("/")
    assert beginning == "https://luodi.example.gov.cn/ack"
    assert links.read(token, NOW).action == "acknowledge-by-name"
