"""The configuration: every table and key of the TOML file, checked all at once, compiled for the core."""
