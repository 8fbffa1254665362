"""The search for a configuration: spaces, proposals, trials, and the winner on fresh seeds."""
