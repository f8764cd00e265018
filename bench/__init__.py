"""Benchmarks that print ratios. They stand apart: nothing imports them, they import nothing of ours."""
