"""From the records of a run to what each of its tables shows; no sentence yet."""
