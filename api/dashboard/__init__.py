"""Pages for people: server-rendered, usable without JavaScript, from the same service as the API."""
