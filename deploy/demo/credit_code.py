"""Unified social credit codes (GB 32100) that are well formed and belong to nobody we know of."""

from random import Random
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def credit_code(rng: Random, region: str) -> str:
    """The code of a company registered in `region`, a GB/T 2260 code of six digits; both check digits are right."""
    organisation = "MA" + "".join(rng.choices(ALPHABET, k=6))
    body = f"91{region}{organisation}{_organisation_check(organisation)}"
    total = sum(weight * ALPHABET.index(sign) for weight, sign in zip(_WEIGHTS, body, strict=True))
    # The last remainder matters: without it a total divisible by 31 would ask for a 32nd sign.
    return body + ALPHABET[(31 - total % 31) % 31]


def _organisation_check(organisation: str) -> str:
    # GB 11714 counts letters from A = 10 and leaves none out, unlike the alphabet of the whole code.
    total = sum(weight * int(sign, 36) for weight, sign in zip(_ORGANISATION_WEIGHTS, organisation, strict=True))
    return "0123456789X0"[11 - total % 11]
