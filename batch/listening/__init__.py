"""Following announcements of data sets, each of which asks for one refresh."""
