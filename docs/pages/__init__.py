"""The texts of the pages that follow from the code, a module each."""
