"""From a fine drawing of a child to the images of a scanner: protocol, slices, stations, artefacts, noise."""
