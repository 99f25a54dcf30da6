"""What a mesh, a container and a whole system cost, from measured steps. Pure."""
