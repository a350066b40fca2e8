"""From images and configs to trained weights: one loop, one model or a stack of them."""
