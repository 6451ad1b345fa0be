"""What is wrong with a data set, found before a training: every problem of every file in one go."""
