"""How the finance bureau reports money that arrived, each time with its evidence."""

from random import Random
from typing import Any, Final

from deploy.demo.amounts import yuan
from deploy.demo.diary import Diary
from deploy.demo.funding import Arrival, Original
from deploy.demo.projects import Project

_EVIDENCE: Final = {"bank-slip": "JZ", "capital-verification": "YZ", "equipment-invoice": "FP", "land-receipt": "TD"}
_NATURES: Final = {
    "bank-slip": ("fixed-assets", "fixed-assets", "working-capital"),
    "capital-verification": ("registered-capital",),
    "equipment-invoice": ("fixed-assets",),
    "land-receipt": ("fixed-assets", "other"),
}


def report_funds(diary: Diary, project: Project, district: str) -> None:
    """Write down each arrival of a project's money."""
    rng = diary.rng
    for number, arrival in enumerate(project.money):
        kind = "capital-verification" if number == 0 else rng.choices(list(_EVIDENCE), [8, 1, 4, 1])[0]
        diary.note(
            arrival.on,
            "finance",
            "funds-arrived",
            amount=yuan(arrival.amount),
            origin=district if arrival.local else project.investor.origin,
            nature=rng.choice(_NATURES[kind]),
            evidence=_evidence(rng, kind, arrival),
            original=_original(arrival.original),
            note="区属平台公司参股出资" if arrival.local else None,
        )


def _evidence(rng: Random, kind: str, arrival: Arrival) -> dict[str, str]:
    evidence = {"kind": kind, "reference": f"{_EVIDENCE[kind]}-{arrival.on:%y%m}-{rng.randint(1, 99_999):05}"}
    return evidence | ({"sha256": f"{rng.getrandbits(256):064x}"} if rng.random() < 0.6 else {})


def _original(original: Original | None) -> dict[str, Any] | None:
    if original is None:
        return None
    return {"amount": f"{original.dollars}.00", "currency": "HKD", "rate": f"0.{original.thousandths:03}"}
