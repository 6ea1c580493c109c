"""The image store: bytes in R2, metadata in DynamoDB, never one without the other."""
