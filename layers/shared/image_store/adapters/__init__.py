"""The ports kept by real components: R2, DynamoDB, SQS, Secrets Manager, Pillow."""
