"""``make bench``: what the product costs and how fast it is, on this machine. Everything stays on loopback and ends by itself."""
