"""From bytes to pixels, within limits."""
