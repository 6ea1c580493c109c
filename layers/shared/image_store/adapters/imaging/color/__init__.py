"""Colour spaces and HDR."""
