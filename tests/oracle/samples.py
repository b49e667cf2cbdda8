"""What so many answers, tickets or clocks are good for, in a word."""

from tests.oracle.configuration import OracleConfiguration


def sample(n: int, configuration: OracleConfiguration) -> str:
    """The word for `n` of them."""
    caution, enough = configuration.samples
    if n == 0:
        return "none"
    if n < caution:
        return "not_enough"
    return "caution" if n < enough else "enough"
