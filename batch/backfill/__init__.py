"""Recomputing chosen users' lists in what is live: `run` does it, `selection` says whose."""
