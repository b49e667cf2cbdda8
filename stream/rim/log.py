"""The rim's logger, and quiet logging for a process that embeds Faust: warnings and worse, one line each, on stderr."""

from __future__ import annotations

import logging

log = logging.getLogger("deskpulse.rim")

LINE = "deskpulse: %(levelname)s: %(name)s: %(message)s"
#: Faust's and aiokafka's own lines tell of their inner life; what an operator needs of it, the rim says itself.
CHATTY = {
    "faust": logging.ERROR,
    "mode": logging.ERROR,
    "stream.rim.seams": logging.ERROR,  # Faust's services log by the module of their class
    "aiokafka": logging.CRITICAL,
}


class OneLine(logging.Formatter):
    """A record as one line; an exception's traceback is kept only for our own loggers."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; tables and tracebacks of libraries are folded into it."""
        if record.name.startswith("deskpulse"):
            return super().format(record)
        text = " ".join(record.getMessage().split())
        error = f": {record.exc_info[1]!r}" if record.exc_info and record.exc_info[1] else ""
        return LINE % {"levelname": record.levelname, "name": record.name, "message": text + error}


def log_quietly(level: int = logging.WARNING) -> None:
    """Send this process's log to stderr; replaces what was configured before."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(LINE))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in CHATTY.items():
        logging.getLogger(name).setLevel(max(level, least))
