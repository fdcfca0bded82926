"""Makes the packages of Office documents the same bytes whenever and wherever they are made."""

import io
import re
import zipfile

from services.reporting.domain.bulletin import Document

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_CONTENT_TYPES = "[Content_Types].xml"
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:\2>)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def repacked(package: bytes, document: Document) -> bytes:
    """The package with its parts in order, without times but the instant of sealing.

    Stored and not compressed: what a compressor makes of the same bytes depends on its version.
    """
    stamp = document["known_by"].partition(".")[0].encode() + b"Z"
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as parts, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        # By convention the list of types comes first.
        for name in sorted(parts.namelist(), key=lambda one: (one != _CONTENT_TYPES, one)):
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            # Else it tells the system on which it was made.
            info.create_system = 0
            content = parts.read(name)
            target.writestr(
                info, _STAMP.sub(rb"\g<1>" + stamp + rb"\3", content) if name.endswith("core.xml") else content
            )
    return packed.getvalue()


def printable(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _UNPRINTABLE.sub("", text)
