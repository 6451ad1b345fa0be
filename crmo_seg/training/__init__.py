"""Fit a network: data module, Lightning module, losses, and ``fit``. The only place that knows Lightning."""
