"""What screens share: the chosen run, caches, images, the sidebar. Pages import it, never each other."""
