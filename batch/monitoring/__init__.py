"""A day of serving in figures: what was answered, how fast, and what became of the lists."""
