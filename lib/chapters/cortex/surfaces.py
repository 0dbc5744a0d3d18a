"""Maps drawn on the temporal lobes of fsaverage5, inflated, from the side.

Comes in: values at the vertices of both hemispheres, by row. Goes out: a figure with one row a map and one scale.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from lib.chapters.cortex.places import SURFACE
from lib.report.style import FAINT, WIDTH


def brains(
    rows: Mapping[str, Mapping[str, np.ndarray]], limits: tuple[float, float], label: str, colours: str
) -> plt.Figure:
    """Draw maps, one row each, left and right hemisphere side by side.

    Parameters
    ----------
    rows : mapping of str to mapping of str to array (10242,)
        By title and hemisphere; NaN where nothing was measured.
    limits : tuple of float
        Ends of the scale of colours.
    label : str
        Of the scale, with its unit.
    colours : str
        A colour map.
    """
    figure = plt.figure(figsize=(WIDTH, 1.62 * len(rows) + 1.0), layout="none")
    high = figure.get_figheight()
    for row, (name, pair) in enumerate(rows.items()):
        bottom = 1 - (0.35 + 1.62 * (row + 1)) / high
        figure.text(0.01, bottom + 0.81 / high, name, weight="bold", va="center")
        for column, (side, values) in enumerate(pair.items()):
            place = (0.19 + 0.41 * column, bottom - 0.36 / high, 0.39, 0.39 * WIDTH / high)
            _brain(figure.add_axes(place, projection="3d"), values, side, limits, colours)
    for column, side in enumerate(("Left", "Right")):
        figure.text(0.385 + 0.41 * column, 1 - 0.12 / high, f"{side} hemisphere", ha="center", va="center")
    _bar(figure, limits, label, colours)
    figure.set_layout_engine("none")  # nilearn asks for one; everything has its place
    return figure


def _brain(axis: plt.Axes, values: np.ndarray, side: str, limits: tuple[float, float], colours: str) -> None:
    """Draw the part of a hemisphere around what was measured, from the side and a little above."""
    from matplotlib.patches import Rectangle
    from nilearn import datasets, plotting, surface

    mesh = datasets.fetch_surf_fsaverage(SURFACE)
    inflated = surface.load_surf_mesh(mesh[f"infl_{side}"])
    low, high, faces = _window(np.asarray(inflated.coordinates), np.asarray(inflated.faces), np.isfinite(values))
    plotting.plot_surf_stat_map(
        surface.InMemoryMesh(inflated.coordinates, faces), values, hemi=side, axes=axis, colorbar=False,
        view=(20, 180 if side == "left" else 0), bg_map=mesh[f"sulc_{side}"], cmap=colours, vmin=limits[0],
        vmax=limits[1], threshold=1e-6,
        avg_method=_of_measured,
    )  # fmt: skip
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axis.set_box_aspect(high - low, zoom=1.3)
    axis.patch.set_visible(False)
    for triangles in axis.collections:
        triangles.set_rasterized(True)  # thousands of them are no use as vectors
        triangles.set_clip_path(Rectangle((0, 0.16), 1, 0.66, transform=axis.transAxes))


def _window(where: np.ndarray, faces: np.ndarray, measured: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners of a box around most of what was measured, and the triangles in it and around it on that side."""
    low, high = np.percentile(where[measured], [2, 98], axis=0) + np.array([[0, -10, -10], [0, 10, 10]])
    side = np.sign(where[measured, 0].mean())
    near = (side * where[:, 0] > -5) & (np.abs(where - (low + high) / 2)[:, 1:] < 0.8 * (high - low)[1:]).all(axis=1)
    return low, high, faces[near[faces].all(axis=1)]


def _of_measured(corners: np.ndarray) -> float:
    """Value of a triangle: the mean of those of its corners that were measured."""
    there = corners[np.isfinite(corners)]
    return float(there.mean()) if there.size else np.nan


def _bar(figure: plt.Figure, limits: tuple[float, float], label: str, colours: str) -> None:
    scale = plt.cm.ScalarMappable(plt.Normalize(*limits), colours)
    place = figure.add_axes((0.25, 0.5 / figure.get_figheight(), 0.6, 0.1 / figure.get_figheight()))
    bar = figure.colorbar(scale, cax=place, orientation="horizontal", extend="both")
    bar.set_label(label)
    bar.ax.tick_params(color=FAINT)
