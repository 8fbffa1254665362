"""The one place where all rooms meet: from a request to a finished run."""
