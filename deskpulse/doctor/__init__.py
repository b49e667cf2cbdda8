"""What is wrong with a running floor, and the next step: facts are gathered in one place and judged in others."""
