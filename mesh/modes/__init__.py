"""Where the proxies stand: nowhere, in front, beside the clients, on both sides."""
