"""Asks each service whose address is known whether it is ready."""

from collections.abc import Mapping

import httpx

from deploy.doctor.finding import Finding, Findings, judged, ok

_SECONDS = 10.0


async def examine_services(addresses: Mapping[str, str]) -> Findings:
    """`addresses`: name of a service → the beginning of its URL."""
    async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
        for name, url in addresses.items():
            try:
                answer = await client.get(f"{url.rstrip('/')}/readyz")
                checks: dict[str, str] = answer.json()["checks"]
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                said = f"does not answer: {str(error) or type(error).__name__}"
                yield Finding(name, "wrong", said, f"start it: luodi {name} run")
                continue
            except (ValueError, KeyError, TypeError):
                yield Finding(name, "wrong", f"/readyz answers {answer.status_code}, as no service of ours does")
                continue
            if answer.is_success:
                yield ok(name, "ready")
            for check, sentence in checks.items():
                if sentence != "ok":
                    yield judged(f"{name}, {check}", sentence, "")
