"""What a function may do: the roles of the template, and the calls that functions make, one against the other."""
