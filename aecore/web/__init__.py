"""What runs in a browser: scripts, styles and markup, a folder a component, and the data they are sent.

Pages mount them through Streamlit, the exported file by itself. A component's script exports `mount`, which
is called with `{ data, parentElement, setStateValue, setTriggerValue }`, at first and whenever the data
change.
"""
