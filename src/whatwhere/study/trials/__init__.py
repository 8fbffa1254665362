"""One trial: handed out, trained, kept; in this process or another."""
