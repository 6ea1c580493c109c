"""Deploys a store from one file, and destroys it: buckets, tokens, secrets, the stack, and what checks them."""
