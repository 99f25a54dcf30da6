"""What is done to a running cluster: a node more or less, data by CLONE, a membership forced on a group."""
