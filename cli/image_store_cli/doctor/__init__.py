"""The doctor: looks at a store end to end, and says of each part whether it is well and how to mend it."""
