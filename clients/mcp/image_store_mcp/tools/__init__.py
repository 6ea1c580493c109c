"""What an AI client can do with an image store: the tools, and the images it can read as resources."""
