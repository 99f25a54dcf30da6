"""Where pods run: the Docker engine, networks, images, and whose each of them is."""
