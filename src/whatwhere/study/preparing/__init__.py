"""From what a user asks for to rows and data that are ready to be trained."""
