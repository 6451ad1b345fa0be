"""Mark edema on a study: ``python infer.py STUDY -o OUT``, the same as ``crmo-seg predict STUDY -o OUT``."""

from crmo_seg.cli import predict_main

if __name__ == "__main__":
    predict_main()
