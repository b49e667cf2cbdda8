"""alerting: what is told to whom: Prometheus rules, Alertmanager's configuration and the runbook, from settings."""
