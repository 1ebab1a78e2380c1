"""Metrics for Prometheus: what happened (counters), and how far behind each agency is (gauges at scrape)."""

from prometheus_client import Counter, Gauge

FLOODED = Counter("hub_webhooks_flooded_total", "Deliveries turned away unread: their address was refused too often.")
WEBHOOKS = Counter("hub_webhooks_total", "Webhook deliveries by what became of them.", ["agency", "outcome"])
RUNS = Counter("hub_sync_runs_total", "Sync runs by outcome.", ["agency", "outcome"])
OBSERVATIONS = Counter("hub_observations_added_total", "New lines of history.", ["agency"])
LAG = Gauge("hub_sync_lag_seconds", "Age of the moment up to which an agency's changes are known.", ["agency"])
EXPECTED_LAG = Gauge(
    "hub_sync_expected_lag_seconds", "How old the oldest change not yet seen is likely to be.", ["agency"]
)
FAILURES = Gauge("hub_sync_consecutive_failed_runs", "Failed runs since the last good one.", ["agency", "kind"])
DRIFT = Gauge("hub_sync_drift_dossiers", "Dossiers that the last full comparison found amiss.", ["agency", "how"])
QUARANTINED = Gauge("hub_quarantine_open_records", "What is in quarantine and nobody has mended.", ["agency"])
WAITING = Gauge("hub_queue_waiting_jobs", "Jobs that wait for a worker.")
LONGEST_WAIT = Gauge("hub_queue_longest_wait_seconds", "How long the first of them has waited.")
CLOCK_LEADS = Gauge("hub_clock_leads", "1 in the clock that leads, 0 in those that would take over.")
DELIVERIES = Counter("hub_deliveries_total", "Tries of what goes out, by how they ended.", ["channel", "outcome"])
UNDELIVERED = Gauge("hub_outbox_due_deliveries", "What goes out and is due, of destinations that are enabled.")
LONGEST_UNDELIVERED = Gauge("hub_outbox_longest_due_seconds", "How long the first of them has been due.")
DISABLED = Gauge("hub_outbox_disabled_destinations", "Destinations that get nothing until somebody looks.", ["channel"])
NOT_HANDED_ON = Gauge("hub_fan_out_lag_seconds", "Age of the first change that no subscription was told of yet.")
