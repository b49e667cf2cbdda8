"""The simulated help desk: a seeded, believable floor. Pure: it yields deliveries, and knows no clock and no Kafka."""
