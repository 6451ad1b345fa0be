"""Several stations as one volume: the common grid, the common scale of intensity."""
