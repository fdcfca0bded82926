"""A bulletin as a page, which is printed as an official paper too; nothing in it comes from elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document
from shared.clock import business_day

FORMS: Final[Mapping[str, str]] = {"docx": "Word", "xlsx": "Excel", "json": "JSON"}
"""Where else a bulletin may be had: the ending of its address → the name of the form."""

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page_bytes(bulletin: Document) -> bytes:
    """The page, from what is frozen in the bulletin alone."""
    sealed_on = say.full_day(business_day(datetime.fromisoformat(bulletin["known_by"])))
    page = _templates.get_template("bulletin.html")
    return page.render(bulletin=bulletin, sealed_on=sealed_on, forms=FORMS.items()).encode()
