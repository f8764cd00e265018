"""Dial lists: written, filled, started, paused; the pass that dials them, and their results."""
