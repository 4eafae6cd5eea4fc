"""Follows the ratings stream and ranks again for whoever has rated."""
