# ---
# jupyter:
#   kernelspec:
#     name: python3
#     display_name: Python 3
#     language: python
# ---
# %% [markdown]
# # A tiny chapter
# A formula, $r^2 = 1$, and a source {cite}`pepino2025`. The answer is {glue:text}`total`, see {numref}`fig-line`.

# %% tags=["parameters"]
size: int = 3  # how many [at least 1]
scale: float = 1.0  # factor
label: str = "none"  # any word
names: list = ["a", "b"]  # which
fail: bool = False  # raise an error
hidden: bool = False  # load a module that no import leads to
seed = 0

# %% [markdown]
# ## Compare

# %%
import matplotlib.pyplot as plt
import pandas as pd
from lib.compare import Estimate
from lib.report import Captioned, answer, save_results, say, show

# %%
# a comment before the first line of code
if fail:
    raise RuntimeError("asked to fail")
total = size * scale
say({"total": Estimate(total, total - 1, total + 1, size, about="sum")})
answer("How many?", f"It is {total:.1f} (95 % interval {total - 1:.1f} to {total + 1:.1f}, n = {size}).")

# %%
save_results(pd.DataFrame({"value": [total] * size}), chapter="tiny", n=size).head(2)

# %%
figure, axis = plt.subplots()
axis.plot([0, total])
show(Captioned(figure, "line", "A line, n = 3, beside {numref}`fig-line`.", "A straight line."))

# %%
if hidden:
    from importlib import import_module

    import_module("lib.recordings.text" + "grid")
