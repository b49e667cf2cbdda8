"""The board: the wall, its events, the API and what Prometheus reads of it, over any source of snapshots."""
