"""What CloudFormation and the services refuse although cfn-lint accepts it: one guard for each documented refusal.

The emulator forgives all of it. Each guard yields what a deployment would fail of, and knows a way to break the
template that it has to find.
"""
