"""How hard the properties search: enough for a bug of a rule, and under a minute for all of them together."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "properties",
    parent=settings.default,
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("properties")
