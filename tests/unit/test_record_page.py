"""The page about the record names every field and every anomaly, and no other."""

import re
from pathlib import Path

import services.ledger
from shared.records import ProjectRecord

PAGE = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")
FOLDS = "".join(
    file.read_text(encoding="utf-8") for file in (Path(services.ledger.__file__).parent / "projections").glob("*.sql")
)


def first_columns(heading: str) -> list[str]:
    """The names in the first column of the table under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_every_field_of_a_project_has_its_line() -> None:
    assert sorted(first_columns("A project")) == sorted(ProjectRecord.model_fields)


def test_every_anomaly_has_its_line() -> None:
    given = re.findall(r"'code', '([a-z-]+)'", FOLDS)
    given += re.findall(r"'([a-z-]+)' as code\b", FOLDS)
    given += re.findall(r"'([a-z]+(?:-[a-z]+)+)', '%s", FOLDS)
    assert set(first_columns("What is out of rule")) == set(given)
