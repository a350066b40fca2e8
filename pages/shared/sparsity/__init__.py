"""Two networks side by side: which ones (`lessons`), what they make of images (`sources`), how it is drawn
(`strip`, `columns`, `panels`) and what it says (`words`).
"""
