"""What the ledger counts."""

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.envelope import Code


class Metrics:
    """Counters of one ledger process; labels are refusal codes, never subjects or projects."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.recorded = Counter("luodi_ledger_events_recorded", "Events recorded or found recorded", registry=registry)
        self.refused = Counter("luodi_ledger_events_refused", "Messages refused, by code", ["code"], registry=registry)
        # Zero is said of each, or the first refusal would be no increase to Prometheus.
        for code in get_args(Code):
            self.refused.labels(code)
        self.published = Counter("luodi_ledger_records_published", "Records published", registry=registry)
        self.batch_seconds = Histogram(
            "luodi_ledger_batch_seconds", "Time from having a batch to having its records published", registry=registry
        )
        self.batch_size = Histogram(
            "luodi_ledger_batch_size", "Messages in a batch", buckets=(1, 5, 20, 100, 250, 500), registry=registry
        )
