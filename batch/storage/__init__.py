"""Cloud Storage at the edges: all work is on local folders, which are fetched and kept here."""
