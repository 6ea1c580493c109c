"""Compare the roles of the template with the calls that functions make."""
