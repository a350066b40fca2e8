"""Functions of arrays and trained models: how good, how sparse, how near, which one. No plotting."""
