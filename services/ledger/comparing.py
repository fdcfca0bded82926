"""The one comparison of rows with what their events fold to; the rebuild and the verification are made of it."""

from collections.abc import Mapping

from services.ledger.tables import TABLES, Table
from shared.sql import queries_beside

SQL = queries_beside(__file__)


def around_comparison(queries: Mapping[str, str]) -> Mapping[tuple[str, Table], str]:
    """Queries over `{compared}`, by name and table.

    Its parameters are the districts and the subjects to compare, one row is one key, and its columns are district,
    subject, folded (null without events), facts, live (null without a row), version of the row, and differs.
    """
    return {
        (name, table): table.fill_in(text.replace("{compared}", SQL["compared"]))
        for name, text in queries.items()
        for table in TABLES
    }
