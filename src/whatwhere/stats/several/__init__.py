"""What several data sets say together."""
