"""Pages for people: rendered here, usable without JavaScript, from the same service as the API."""
