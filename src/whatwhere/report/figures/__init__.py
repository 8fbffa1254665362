"""The figures of a report, each a function from plain data to the text of an SVG."""
