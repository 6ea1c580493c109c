"""The doctor: checks a store end to end, and says for each part whether it works and how to repair it."""
