"""Clusters that stay: `meshbench up`, `status`, `down`."""
