"""What is shown of a search: its sentences, its page, its lines on a terminal."""
