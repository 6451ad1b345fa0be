"""Lesions on a drawing of a child seen from the front."""
