"""The proxies, one product a file: started, configured, asked for their endpoints."""
