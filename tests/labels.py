"""Which labels a service's metrics may have: codes and states of ours and of providers, never what somebody wrote."""

import re
from collections.abc import Mapping
from typing import Final, get_args

from prometheus_client.parser import text_string_to_metric_families

from services.notifier.domain.directory import Channel
from shared.envelope import Code
from shared.subjects import STREAMS

_WORDS: Final = r"[a-z]+(-[a-z]+)*"
_VALUES: Final[Mapping[tuple[str, str], str]] = {
    ("luodi_ready", "check"): "postgres|nats|intake|reports|rounds|rebuild|archive",
    ("luodi_pending", "stream"): "|".join(stream.name for stream in STREAMS),
    ("luodi_ledger_events_refused", "code"): "|".join(get_args(Code)),
    ("luodi_notifier_attempts", "channel"): "|".join(get_args(Channel)),
    ("luodi_notifier_attempts", "outcome"): "Sent|TryLater|Refused|Unclear",
    # A provider's own number, the status of a proxy's page, or a word of ours.
    ("luodi_notifier_attempts", "code"): rf"-?\d{{1,7}}|http-\d{{3}}|{_WORDS}",
    ("luodi_notifier_audit_findings", "kind"): _WORDS,
    ("luodi_notifier_cases", "state"): "open|acknowledged|exhausted",
    ("luodi_notifier_heartbeats", "outcome"): rf"http-\d{{3}}|{_WORDS}",
    ("luodi_notifier_messages", "state"): "waiting|sending|uncertain|dead",
    ("luodi_notifier_round_failures", "part"): _WORDS,
    ("luodi_reporting_records", "outcome"): "applied|older|unread",
}


def strays(metrics: str) -> list[str]:
    """The labels in a text for Prometheus that are not of these."""
    return [
        f'{family.name}{{{label}="{value}"}}'
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        for label, value in sample.labels.items()
        if label != "le" and not re.fullmatch(_VALUES.get((family.name.removesuffix("_created"), label), ""), value)
    ]
