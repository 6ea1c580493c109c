"""The tools of an image store for AI clients, by the Model Context Protocol."""
