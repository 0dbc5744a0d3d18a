"""Side-by-side measurements against the libraries a user would pick instead.

Every ``bench_*.py`` here has ``steps() -> list[benchmarks.frame.Step]``: what is measured, and a function that measures
it and gives rows (`benchmarks.frame.row`). ``python -m benchmarks`` takes them all, one after the other, says what it
is doing and how long that took the last time, and keeps every row in ``results.json`` as soon as it is measured.
`benchmarks.frame.page` turns that file into a page.
"""
