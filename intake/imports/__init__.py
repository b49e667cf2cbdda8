"""Imports: the rows of a help desk's export become events, by a map. Pure: no command, no Kafka."""
