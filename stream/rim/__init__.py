"""The Faust rim: sockets, offsets, changelog, recovery. Everything it decides is decided by pure modules outside it."""
