"""Side-by-side measurements against the libraries a user would pick instead.

Every ``bench_*.py`` here has ``run() -> list[dict]``, a list of `benchmarks.frame.row`. ``python -m benchmarks`` runs
them all, prints the ratios and keeps them in ``results.json``; `benchmarks.frame.page` turns that into a page.
"""
