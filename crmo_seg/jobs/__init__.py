"""What each command does, as one importable function."""
