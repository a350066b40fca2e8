"""One's own images: from a folder, an archive, arrays or a table into a set that is read like MNIST.

`open_source` finds what lies at a path, `plan` says what will be made of it, `build` makes it, and `sets`
knows the sets that were made. Imports no torch: the processes that decode images start in a moment.
"""
