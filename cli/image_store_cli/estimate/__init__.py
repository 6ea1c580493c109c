"""Estimates what a store costs, from list prices and from what the store does for each image."""
