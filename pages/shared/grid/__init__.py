"""A grid of models on a page: `source` reads it, `board` is its sliders and pictures, `overview` its charts,
`progress` its training as it goes.
"""
