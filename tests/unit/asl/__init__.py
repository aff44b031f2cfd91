"""A package, so that module names may recur elsewhere."""
