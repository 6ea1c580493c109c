"""The command line of the image store: `image-store`, a client of its HTTP API."""

VERSION = "0.1.0"
