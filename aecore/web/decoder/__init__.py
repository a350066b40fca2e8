"""A network in the browser: its layers as plain data, `decoder.js` that runs them, and what shows them.

A component that decodes codes itself imports `makeDecoder` from `decoder.js` and has `decoder_data(run)`
among its data; one that encodes images, `makeEncoder` and `encoder_data(run)`.
"""
