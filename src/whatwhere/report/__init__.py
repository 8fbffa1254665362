"""What people see of a finished run: tables, figures and one page, rebuilt from its records."""
