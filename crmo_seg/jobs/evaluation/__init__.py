"""``crmo-seg evaluate``, in parts: what is read, what is measured, what is written."""
