"""The doorkeeper: who may see all cases, and change what the desk can change."""

import base64
import binascii
import hmac

from fastapi import HTTPException, Request
from pydantic import SecretStr

_SAFE = frozenset({"GET", "HEAD"})
_ASK = {"WWW-Authenticate": 'Basic realm="Luodi", charset="UTF-8"'}


class Doorkeeper:
    """A dependency of routes. The token comes as `Authorization: Bearer …`, or as the password of a browser's login.

    Without a token the desk is open where only this machine reaches it, and shut elsewhere.
    """

    def __init__(self, token: SecretStr | None, *, on_loopback: bool) -> None:
        self._token = token
        self._on_loopback = on_loopback

    async def __call__(self, request: Request) -> None:
        """Let the request pass, or raise."""
        # A browser sends its login along with what another site made it send, and says that it did.
        if request.method not in _SAFE and request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise HTTPException(403, "sent from another site")
        if self._token is None:
            if not self._on_loopback:
                raise HTTPException(403, "set LUODI_DESK_TOKEN: without it the desk is open on a loopback address only")
        elif not hmac.compare_digest(_given(request).encode(), self._token.get_secret_value().encode()):
            raise HTTPException(401, "the desk's token is wanted", _ASK)


def _given(request: Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
