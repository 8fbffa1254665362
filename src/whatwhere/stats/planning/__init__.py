"""How many seeds a study needs, and what it could find."""
