"""deskpulse: the entry: commands, settings and wiring; the only place that reads the environment."""
