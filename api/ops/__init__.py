"""The operators' page: what is live and how it fares, and the buttons that change it."""
