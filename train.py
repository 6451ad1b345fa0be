"""Train a model: ``python train.py experiment=NAME data.manifest=FILE output_dir=DIR``."""

from crmo_seg.training.app import main

if __name__ == "__main__":
    main()
