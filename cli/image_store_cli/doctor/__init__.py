"""The doctor: checks a store end to end, and reports for each part whether it works and how to repair it."""
