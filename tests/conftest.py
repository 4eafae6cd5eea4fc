"""Settings for all tests."""

import os

from hypothesis import settings

# A landing must not depend on luck: CI tries the same examples each time, people try new ones.
# No deadlines, since a busy machine is not a fault.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")
