"""``python -m crmo_seg`` is ``crmo-seg``."""

from crmo_seg.cli import main

main()
