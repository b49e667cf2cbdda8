"""intake: other people's data becomes events: maps of help-desk exports, and the simulated help desk."""
