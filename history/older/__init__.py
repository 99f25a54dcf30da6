"""What run folders of an older meshbench do not say, and how it is known all the same."""
