"""Is everything in order? Checks that need no more than serving does, and change nothing."""
