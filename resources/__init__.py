"""What the graph needs from outside: where things lie, the store, the process that trains."""
