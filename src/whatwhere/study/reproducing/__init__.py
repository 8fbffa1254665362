"""Running a published setting again, and laying what was measured beside what was reported."""
