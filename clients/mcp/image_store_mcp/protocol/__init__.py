"""The Model Context Protocol: messages in, answers out, without any input or output of its own.

Nothing here imports a library: an answer is a plain dictionary, and the tests compare answers with the official types.
Those would add a third of a second to a cold start, and they drop the results of tasks.
"""
