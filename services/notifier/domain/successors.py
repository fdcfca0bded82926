"""Who holds by now the posts whose holders were told of a case."""

from collections.abc import Mapping
from datetime import date

from services.notifier.domain.cases import Case
from services.notifier.domain.directory import Directory, Nobody, Person
from services.notifier.domain.duties import Duty
from services.notifier.domain.record import Record


def holders(
    case: Case, duty: Duty, record: Record, directory: Directory, day: date
) -> Mapping[str, tuple[int, Person]]:
    """Everybody by name who is on a day in a role of a rung that has fired, with the lowest such rung."""
    found: dict[str, tuple[int, Person]] = {}
    for number, rung in enumerate(case.ladder[: case.rung], start=1):
        for role in rung.who:
            people = directory.holders(role, record, duty.owed_by, day)
            for person in () if isinstance(people, Nobody) else people:
                found.setdefault(person.name, (number, person))
    return found
