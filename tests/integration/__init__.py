"""The server as its users meet it: the real binary, over real TCP."""
