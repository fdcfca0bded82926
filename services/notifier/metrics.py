"""What the notifier counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """Counters and gauges of one service, on its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "luodi_notifier_attempts", "Attempts to send a message", ["channel", "outcome", "code"], registry=registry
        )
        self.nobody = Counter(
            "luodi_notifier_nobody", "Times a rung led to somebody whom the directory does not know", registry=registry
        )
        self.unreadable = Counter(
            "luodi_notifier_unreadable_records", "Messages of the ledger that were not records", registry=registry
        )
        self.failures = Counter(
            "luodi_notifier_round_failures", "Rounds that ended in an error", ["part"], registry=registry
        )
        self.cases = Gauge("luodi_notifier_cases", "Unresolved cases", ["state"], registry=registry)
        self.messages = Gauge(
            "luodi_notifier_messages", "Messages not sent, by what became of them", ["state"], registry=registry
        )
        self.paused = Gauge("luodi_notifier_paused", "Whether sending is paused: 1 or 0", registry=registry)
        self.findings = Gauge(
            "luodi_notifier_audit_findings", "What is late or stuck, by kind", ["kind"], registry=registry
        )
        self.audited = Gauge("luodi_notifier_audit_timestamp_seconds", "When it was last looked", registry=registry)
        self.heartbeats = Counter(
            "luodi_notifier_heartbeats", "Calls of the heartbeat address", ["outcome"], registry=registry
        )
        self.calendar = Gauge(
            "luodi_notifier_calendar_until_timestamp_seconds", "Until when holidays are known", registry=registry
        )
        self.lateness = Gauge(
            "luodi_notifier_oldest_timer_seconds", "How late the oldest due timer is", registry=registry
        )
