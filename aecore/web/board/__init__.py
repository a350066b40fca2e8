"""A grid under sliders: what `board.js` is sent, and the sentence of each member."""
