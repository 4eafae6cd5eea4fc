"""Offline: ingest, models, the Beam pipeline and publishing."""
