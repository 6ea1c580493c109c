"""A ledger for review: grants that no function test or fault test can use, each with its reason."""

BY_LAMBDA = {
    "logs:CreateLogStream": "Lambda writes what a function prints",
    "logs:PutLogEvents": "Lambda writes what a function prints",
    "xray:PutTraceSegments": "Lambda traces a function whose Tracing is Active",
    "xray:PutTelemetryRecords": "Lambda traces a function whose Tracing is Active",
    "sqs:ReceiveMessage": "Lambda reads the queue that starts a function",
    "sqs:DeleteMessage": "Lambda removes what a function has done",
    "dynamodb:DescribeStream": "Lambda reads the stream that starts a function",
    "dynamodb:GetRecords": "Lambda reads the stream that starts a function",
    "dynamodb:GetShardIterator": "Lambda reads the stream that starts a function",
    "dynamodb:ListStreams": "Lambda reads the stream that starts a function",
}
"""Actions that Lambda itself uses with a function's role; no code of the store calls them."""
NOT_REACHED: dict[str, str] = {}
"""Reasons by function and grant, in the format of the comparison."""
