"""What runs on the user's machine: the transport over stdin and stdout, and tools for files below named folders."""
