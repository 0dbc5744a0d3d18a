"""Deconvolution: the response to each feature of a stimulus, where responses overlap in time.

Comes in: features (time, feature) and responses (time, channel) at one sampling rate. Goes out: temporal response
functions (feature, lag, channel), and how well they predict responses they were not fitted to. All that a fit needs of
the data are sums of products (``Moments``), which add up over segments: data that were seen once can be fitted in any
combination without being read again.

The model is that of Lalor et al. (2009), Journal of Neurophysiology 102, 349-359; mne's ``ReceptiveField`` solves the
same equations for one combination of segments, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.ground import WrongUse

CONSTANT = 1e-12  # variation this small beside the values themselves is rounding
EXPLAINED = 1e-8  # share of a lagged feature's variance that clearing leaves of one that others explain whole


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums of products of lagged features and responses, all centred over the stretch they come from.

    Attributes
    ----------
    xx : ndarray, shape (feature * lag, feature * lag)
        Of lagged features with each other; lags of one feature are neighbours.
    xy : ndarray, shape (feature * lag, channel)
        Of lagged features with responses.
    yy : ndarray, shape (channel,)
        Of each response with itself.
    features : int
        How many features there are.
    """

    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray
    features: int

    def __add__(self, other: Moments) -> Moments:
        """Moments of both stretches together."""
        self._check_fits(other)
        return Moments(self.xx + other.xx, self.xy + other.xy, self.yy + other.yy, self.features)

    def only(self, kept: Sequence[int]) -> Moments:
        """Moments of some of the features, by number."""
        rows = self.rows(kept)
        return Moments(self.xx[np.ix_(rows, rows)], self.xy[rows], self.yy, len(kept))

    def rows(self, kept: Sequence[int]) -> np.ndarray:
        """Places of the lags of some features, by number; WrongUse where there are no such features."""
        if not len(kept) or len(set(kept)) < len(kept) or not set(kept) <= set(range(self.features)):
            raise WrongUse(f"features are numbered 0 to {self.features - 1}, each once and at least one: got {kept}.")
        lags = len(self.xx) // self.features
        return (np.asarray(kept, int)[:, None] * lags + np.arange(lags)).ravel()

    def _check_fits(self, other: Moments) -> None:
        if (self.xy.shape, self.features) != (other.xy.shape, other.features):
            raise WrongUse(
                f"stretches must share features, lags and channels: {self.features} features and {self.xy.shape} "
                f"products beside {other.features} and {other.xy.shape}."
            )


def lagged(features: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Features (time, feature) at each of `lags` (samples, may be negative), zero beyond the ends: (time, f * lag)."""
    length, count = features.shape
    if max(abs(lag) for lag in lags) >= length:
        raise ValueError(f"lags of {min(lags)} to {max(lags)} samples do not fit a stretch of {length}.")
    out = np.zeros((length, count, len(lags)), features.dtype)
    for place, lag in enumerate(lags):
        source = features[max(-lag, 0) : max(length - max(lag, 0), 0)]
        out[max(lag, 0) : max(lag, 0) + len(source), :, place] = source
    return out.reshape(length, -1)


def moments(features: np.ndarray, responses: np.ndarray, lags: np.ndarray) -> Moments:
    """Moments of one uninterrupted stretch.

    Parameters
    ----------
    features : array (time, feature) or (time,)
        Of the stimulus; a vector is one feature.
    responses : array (time, channel) or (time,)
        Responses at the same times; a vector is one channel.
    lags : array of int
        By how many samples a response follows; negative ones show what cannot be a response.

    Raises
    ------
    ValueError
        If the two differ in length or hold values that are not finite, if lags are no whole numbers, each once, or
        longer than the stretch.

    Notes
    -----
    What does not vary counts as 0: such a feature has no response, and such a channel is never predicted.
    """
    x, y, lags = _columns(features, "features"), _columns(responses, "responses"), np.asarray(lags)
    if len(x) != len(y):
        raise ValueError(f"features last {len(x)} samples, responses {len(y)}: cut them alike")
    if lags.ndim != 1 or lags.dtype.kind not in "iu" or not len(lags) or len(np.unique(lags)) < len(lags):
        raise ValueError(f"lags must be whole numbers of samples, each once, got {lags.tolist()}")
    design, y = _centred(lagged(x, lags)), _centred(y)
    return Moments(design.T @ design, design.T @ y, (y**2).sum(axis=0), x.shape[1])


def _columns(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(f"{name} must be (time, column) or (time,), got shape {values.shape}")
    values = values.reshape(len(values), -1)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise ValueError(f"{name} hold values that are not finite ({len(bad)}, first in row {row}, column {column})")
    return values


def _centred(values: np.ndarray) -> np.ndarray:
    """Columns minus their means; what is left of a constant one is 0, not rounding."""
    centred = values - values.mean(axis=0)
    flat = np.abs(centred).max(axis=0) <= CONSTANT * np.abs(values).max(axis=0)
    return np.where(flat, 0.0, centred)


def response_functions(data: Moments, *, ridge: float = 0.01) -> np.ndarray:
    """Temporal response functions by ridge regression, shape (feature, lag, channel).

    Parameters
    ----------
    data : Moments
        Of everything the fit may see.
    ridge : float
        Penalty, as a share of the mean variance of a feature's lags: features of any unit are shrunk alike.

    Returns
    -------
    ndarray
        Response units per unit of the feature; 0 for a feature that does not vary.

    Raises
    ------
    WrongUse
        A penalty that is not above 0.
    """
    if not ridge > 0 or not np.isfinite(ridge):
        raise WrongUse(f"ridge must be a number above 0, got {ridge}.")
    scale = _scale(data)
    scaled = data.xx / np.outer(scale, scale)
    scaled[np.diag_indices(len(scaled))] += ridge
    weights = np.linalg.solve(scaled, data.xy / scale[:, None]) / scale[:, None]
    return weights.reshape(data.features, len(data.xx) // data.features, -1)


def unique_prediction(parts: list[Moments], family: list[int], *, ridge: float = 0.01) -> np.ndarray:
    """Correlation, out of sample, of responses with what one family of features adds to the others.

    The lagged features of the family are first cleared of everything that those of the others predict linearly over
    all parts (features alone: no response is used), so that a family earns nothing for what another explains. Each
    part is then predicted from weights fitted to the others.

    Parameters
    ----------
    parts : list of Moments
        One for each stretch; at least two.
    family : list of int
        Numbers of the features of the family.
    ridge : float
        See ``response_functions``.

    Returns
    -------
    ndarray, shape (channel,)
        Mean over the parts. Without an effect its distribution is symmetric around 0; it is 0 where nothing varies, or
        where the others explain the family whole.
    """
    if len(parts) < 2:
        raise ValueError("at least two stretches are needed: one to fit, one to predict")
    total = _joined(parts)
    others = [number for number in range(total.features) if number not in family]
    clear = _cleared(total, family, others)
    cleared = [Moments(clear.T @ part.xx @ clear, clear.T @ part.xy, part.yy, len(family)) for part in parts]
    scores = [_held_out(_joined(cleared[:k] + cleared[k + 1 :]), part, ridge) for k, part in enumerate(cleared)]
    return np.mean(scores, axis=0)


def _joined(parts: Sequence[Moments]) -> Moments:
    return sum(parts[1:], parts[0])


def _cleared(total: Moments, family: list[int], others: list[int]) -> np.ndarray:
    """Matrix (all columns, columns of the family) that turns lagged features into the family's own share."""
    mine = total.rows(family)
    out = np.zeros((len(total.xx), len(mine)))
    out[mine, np.arange(len(mine))] = 1
    if not others:
        return out
    rest, scale = total.rows(others), _scale(total)
    scaled = total.xx / np.outer(scale, scale)
    damped = scaled[np.ix_(rest, rest)] + 1e-8 * np.eye(len(rest))
    out[rest] = -np.linalg.solve(damped, scaled[np.ix_(rest, mine)]) * scale[mine] / scale[rest][:, None]
    left = np.einsum("ij,ik,kj->j", out, total.xx, out)
    out[:, left <= EXPLAINED * np.diag(total.xx)[mine]] = 0  # the damping's own share would pass for the family's
    return out


def _scale(data: Moments) -> np.ndarray:
    """Spread of each feature, once for each of its lags; 1 for one that does not vary."""
    lags = len(data.xx) // data.features
    variances = np.diag(data.xx).reshape(data.features, lags).mean(axis=1)
    return np.sqrt(np.where(variances > 0, variances, 1.0)).repeat(lags)


def _held_out(train: Moments, test: Moments, ridge: float) -> np.ndarray:
    weights = response_functions(train, ridge=ridge).reshape(len(train.xx), -1)
    explained = (weights * test.xy).sum(axis=0)
    size = np.einsum("ic,ij,jc->c", weights, test.xx, weights)
    spread = np.sqrt(np.maximum(size, 0)) * np.sqrt(test.yy)
    return np.divide(explained, spread, out=np.zeros_like(explained), where=spread > 0)
