"""From files to stacks of slices and their signal: headers, planes, order of slices, pixels."""
