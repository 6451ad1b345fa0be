"""The makers of augmentation that ``augmentation.py`` compares: each gives draws by name."""
