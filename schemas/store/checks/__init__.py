"""Is a store in order? Checks that need no more than serving does, and change nothing."""
