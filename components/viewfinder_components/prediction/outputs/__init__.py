"""Where predictions go: a file on a disk, or an object in a bucket."""
