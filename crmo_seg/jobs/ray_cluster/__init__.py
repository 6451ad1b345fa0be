"""``crmo-seg predict --ray``: ``cluster`` connects, ``worker`` runs in each process, ``run`` deals the studies out."""
