"""A map of up to tens of thousands of images: hover shows one, rectangle and lasso select, a click picks.

`geometry.js` is maths, `paint.js` draws, `map.js` holds the map, `input.js` follows pointer and keyboard,
`pictures.js` keeps the small pictures that `atlas.js` receives, `payload.py` makes what they are sent.
"""
