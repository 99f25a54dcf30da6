"""One scenario under many topologies and meshes."""
