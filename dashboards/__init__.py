"""dashboards: what Grafana shows, made from the configuration and the catalogue, as text."""
