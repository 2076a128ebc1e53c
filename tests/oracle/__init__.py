"""What attnd must compute, written a second time in numpy and double precision. Shares no code with the engine."""
