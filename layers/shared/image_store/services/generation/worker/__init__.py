"""The worker of generation: takes one item of a job through the steps that the package above describes."""
