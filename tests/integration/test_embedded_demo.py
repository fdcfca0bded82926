"""The demo year is published into an empty ledger only, and finished when it was interrupted."""

import json

import nats
import pytest

from deploy.demo.year import Publication, district_year
from deploy.local import demo
from shared import streams
from shared.publishing import Outgoing, publish_all

_YEAR = district_year(demo.DISTRICT, demo.SEED, demo.YEAR, demo.THROUGH)
_OWN = Publication("events.500101.finance.P-1.started", json.dumps({"ours": True}).encode())


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        pytest.param([], True, id="nothing"),
        pytest.param(_YEAR[:7], True, id="the beginning of the year"),
        pytest.param(_YEAR, False, id="the whole year"),
        pytest.param([_OWN], False, id="an event of somebody's own"),
    ],
)
async def test_the_year_is_published_only_where_it_is_missing(
    nats_url: str, there: list[Publication], wanted: bool
) -> None:
    await streams.provision(nats_url)
    connection = await nats.connect(nats_url, allow_reconnect=False)
    try:
        stream = connection.jetstream()
        await publish_all(connection, [Outgoing(each.subject, each.payload) for each in there])
        assert await demo.wants_the_year(stream, _YEAR) is wanted
    finally:
        await connection.close()
