"""Dial lists without a database: hours, pace, what follows from an outcome, and the files."""
