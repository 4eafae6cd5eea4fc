"""Redis as batch, jobs and the API all use it: how to connect, and what must happen at once."""
