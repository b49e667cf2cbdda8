"""The mirror in Redis: what each partition comes to, for boards to read. Never a source; losing it loses nothing."""
