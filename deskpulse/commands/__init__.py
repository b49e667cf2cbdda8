"""The commands, a file each: they read options and files, call the pure parts or the worker, and print."""
