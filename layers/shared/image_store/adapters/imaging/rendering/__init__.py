"""From pixels to renditions."""
