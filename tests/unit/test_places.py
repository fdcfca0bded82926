"""Places and tiers."""

import pytest
from stdnum import isin

from shared.places import COUNTRIES, PROVINCES, Tier, is_domestic, is_place, province_name, tier


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("500101", "local"),
        ("500102", "outside-district"),
        ("500100", "outside-district"),
        ("500229", "outside-city"),
        ("500000", "outside-city"),
        ("440300", "outside-province"),
        ("510101", "outside-province"),
        ("US", "abroad"),
        ("HK", "abroad"),
        ("MO", "abroad"),
        ("TW", "abroad"),
        ("810000", "abroad"),
        ("820000", "abroad"),
        ("710000", "abroad"),
    ],
)
def test_the_tier_of_an_origin_is_told_by_its_digits(origin: str, expected: str) -> None:
    assert tier(origin, "500101") == expected


def test_every_origin_has_exactly_one_tier_from_every_province() -> None:
    origins = [f"{province}0101" for province in PROVINCES] + sorted(COUNTRIES)
    for district in (f"{province}0101" for province in PROVINCES):
        assert {tier(origin, district) for origin in origins} <= set(Tier)


@pytest.mark.parametrize("code", ["CN", "us", "USA", "990101", "5001", "500101000", "５００１０１", "", "XX", "50010a"])
def test_what_is_no_place_is_told_so(code: str) -> None:
    assert not is_place(code)
    with pytest.raises(ValueError, match="not a place"):
        tier(code, "500101")


@pytest.mark.parametrize("district", ["HK", "990101", ""])
def test_a_district_is_a_code_of_gbt_2260(district: str) -> None:
    with pytest.raises(ValueError, match="not a GB/T 2260 code"):
        tier("500101", district)


def test_the_countries_are_those_of_iso_3166_but_for_china() -> None:
    # The library lists two that were dissolved: the Netherlands Antilles, and Serbia and Montenegro.
    assert set(isin._iso_3116_1_country_codes) - COUNTRIES == {"CN", "AN", "CS"}
    assert len(COUNTRIES) == 248


def test_there_are_34_provinces_with_names() -> None:
    assert len(PROVINCES) == 34
    assert province_name("500101") == "重庆市"
    assert province_name("440300") == "广东省"
    assert province_name("HK") is None
    assert all(is_domestic(f"{province}0000") for province in PROVINCES)
