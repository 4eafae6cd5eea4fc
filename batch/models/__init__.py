"""The legs of the hybrid, and how they are blended."""
