"""Phantoms as MR studies: classic MR Image Storage, with what the rules of `choose` look at."""
