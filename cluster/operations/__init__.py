"""What is done to nodes: started, one more or less, data by CLONE, a membership forced on a group."""
