"""How good rankings are: splits, metrics, references. Pure functions."""
