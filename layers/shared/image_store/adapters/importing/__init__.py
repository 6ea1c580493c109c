"""Reads images from other stores, by the documented interfaces of each."""
