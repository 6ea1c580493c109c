"""What the services need from the outside, as small protocols, by area.

Adapters implement them for R2, DynamoDB, SQS and Pillow; fakes implement them for tests. Both pass the
contract suites of `tests/contracts`.
"""
