"""metrics: what it means: contributions to panes, live sets, snapshot and Prometheus. Knows no Kafka."""
