"""What a user may call their data, and who lists its images."""
