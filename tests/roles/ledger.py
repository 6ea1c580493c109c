"""What a person reviews: grants that no test of a function or of its faults can use, each with its reason."""

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
"""What Lambda itself does with a function's role; no code of the store calls it."""
NOT_REACHED: dict[str, str] = {}
"""By function and grant, as the comparison names them."""
