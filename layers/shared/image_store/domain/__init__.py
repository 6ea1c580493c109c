"""What an image is, its states and its rules. No I/O, no vendor, no framework."""
