"""stream: what happened: Kafka bytes to events, tickets and contributions; `stream.rim` is the Faust part."""
