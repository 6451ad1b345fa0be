"""From volumes to a prediction on their own grid."""
