"""The `eventsourcing` package: aggregates in its Postgres recorder, and a projection by its runner.

`take-in` archives what NATS has, an event at a time, as its tutorials show; `store` archives the same at once. Beside
either, `project` runs the projection.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

import nats
import orjson
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from nats.errors import TimeoutError as NothingArrivedError
from psycopg import sql

from shared.sql import queries_beside
from shared.subjects import EVENTS
from tests.benchmarks.peers import tables
from tests.benchmarks.workload import Work

SQL = queries_beside(__file__)
_SAVED_AT_ONCE = 50
_FETCHED_AT_ONCE = 500
_ZERO = Decimal(0)


class Project(Aggregate):
    """A project as an aggregate; its events carry what the department's event carries."""

    class Signed(Aggregate.Event):
        project: str
        data: dict[str, Any]

    class FundsArrived(Aggregate.Event):
        project: str
        data: dict[str, Any]

    @staticmethod
    def create_id(project: str) -> UUID:
        return uuid5(NAMESPACE_URL, project)

    @event("Registered")
    def __init__(self, project: str, data: dict[str, Any]) -> None:
        self.project = project

    @event("Claimed")
    def claim(self, project: str, data: dict[str, Any]) -> None: ...

    @event("TimetableSet")
    def set_timetable(self, project: str, data: dict[str, Any]) -> None: ...

    @event(Signed)
    def sign(self, project: str, data: dict[str, Any]) -> None: ...

    @event(FundsArrived)
    def receive_funds(self, project: str, data: dict[str, Any]) -> None: ...


class Projects(Application[UUID]):
    """The application that the events are saved in."""


class Register(PostgresTrackingRecorder):
    """The same two tables as the other peers', with the tracking of each event in its transaction."""

    def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.sql_create_statements += [_statement(SQL["make_projects"]), _statement(SQL["make_months"])]

    def add(self, tracking: Tracking, project: str, data: Mapping[str, Any], contract: Decimal, funds: Decimal) -> None:
        row = {"project": project, "contract": contract, "funds": funds, "on": data["on"]}
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(SQL["upsert_project"], row, prepare=True)
            cursor.execute(SQL["upsert_month"], row, prepare=True)


class Registering(Projection[Register]):
    """What each event adds to the tables."""

    name = "registering"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.add(tracking, domain_event.project, domain_event.data, _ZERO, _ZERO)

    @process_event.register
    def _(self, domain_event: Project.Signed, tracking: Tracking) -> None:
        self.view.add(tracking, domain_event.project, domain_event.data, Decimal(domain_event.data["amount"]), _ZERO)

    @process_event.register
    def _(self, domain_event: Project.FundsArrived, tracking: Tracking) -> None:
        self.view.add(tracking, domain_event.project, domain_event.data, _ZERO, Decimal(domain_event.data["amount"]))


def store(work: Work) -> None:
    """Save the work's events, many aggregates in one transaction."""
    projects: dict[str, Project] = {}
    for _, payload in work.messages():
        project = changed(payload, projects.__getitem__)
        projects[project.project] = project
    with Projects(env=_environment()) as application:
        waiting = iter(projects.values())
        while some := list(islice(waiting, _SAVED_AT_ONCE)):
            application.save(*some)


async def take_in() -> None:
    """Save each event that comes, and acknowledge it, until the process is ended."""
    connection = await nats.connect(tables.nats_url())
    subscription = await connection.jetstream().pull_subscribe_bind("eventsourcing", EVENTS.name)
    # The package's own help for a single writer: it need not read what it has written.
    cache = {"AGGREGATE_CACHE_MAXSIZE": "10000", "AGGREGATE_CACHE_FASTFORWARD": "n"}
    with Projects(env=_environment() | cache) as application:

        def known(name: str) -> Project:
            project: Project = application.repository.get(Project.create_id(name))
            return project

        while True:
            try:
                messages = await subscription.fetch(_FETCHED_AT_ONCE, timeout=5)
            except NothingArrivedError:
                continue
            for message in messages:
                application.save(changed(message.data, known))
                await message.ack()


def changed(payload: bytes, known: Callable[[str], Project]) -> Project:
    """The project of an event, with the event added and not saved; `known` finds a project by its name."""
    document = orjson.loads(payload)
    name, data = document["subject"], document["data"]
    project: Project = Project(project=name, data=data) if document["type"] == "luodi.registered.v1" else known(name)
    match document["type"]:
        case "luodi.registered.v1":
            pass
        case "luodi.claimed.v1":
            project.claim(project=name, data=data)
        case "luodi.timetable-set.v1":
            project.set_timetable(project=name, data=data)
        case "luodi.signed.v1":
            project.sign(project=name, data=data)
        case _:
            project.receive_funds(project=name, data=data)
    return project


def project() -> None:
    """Run the projection until the process is ended."""
    with ProjectionRunner(
        application_class=Projects, projection_class=Registering, view_class=Register, env=_environment()
    ) as runner:
        runner.run_forever()


def _statement(text: str) -> Any:
    return sql.Composed([sql.SQL(text)])


def _environment() -> dict[str, str]:
    url = urlsplit(tables.database_url())
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_HOST": str(url.hostname),
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_DBNAME": url.path.lstrip("/"),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_PASSWORD": str(url.password),
    }


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["store", events, projects]:
            store(Work(int(events), int(projects)))
        case ["take-in"]:
            asyncio.run(take_in())
        case ["project"]:
            project()
