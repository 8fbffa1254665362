"""From a file to a canvas: vetted, decoded, cut square, kept."""
