"""Painting a child, its lesions and its look-alikes on a fine grid."""
