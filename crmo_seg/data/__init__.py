"""From cases to training samples: loading, patch sampling, augmentation."""
