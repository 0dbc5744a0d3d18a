"""Deconvolution: the response to each feature of a stimulus, where responses overlap in time.

Comes in: features (time, feature) and responses (time, channel) at one sampling rate. Goes out: temporal response
functions (feature, lag, channel), and how well they predict responses they were not fitted to. All that a fit needs of
the data are sums of products (``Moments``), which add up over segments: data that were seen once can be refitted in any
combination without being read again.

The model is that of Lalor et al. (2009), Journal of Neurophysiology 102, 349-359; mne's ``ReceptiveField`` solves the
same equations for one combination of segments, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
        return Moments(self.xx + other.xx, self.xy + other.xy, self.yy + other.yy, self.features)

    def __sub__(self, other: Moments) -> Moments:
        """Moments without those of a stretch that is part of these."""
        return Moments(self.xx - other.xx, self.xy - other.xy, self.yy - other.yy, self.features)

    def only(self, kept: list[int]) -> Moments:
        """Moments of some of the features, by number."""
        lags = len(self.xx) // self.features
        rows = np.concatenate([np.arange(lags) + lags * number for number in kept])
        return Moments(self.xx[np.ix_(rows, rows)], self.xy[rows], self.yy, len(kept))


def lagged(features: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Features (time, feature) at each of `lags` (samples, may be negative), zero beyond the ends: (time, f * lag)."""
    length, count = features.shape
    out = np.zeros((length, count, len(lags)), features.dtype)
    for place, lag in enumerate(lags):
        source = features[max(-lag, 0) : max(length - max(lag, 0), 0)]
        out[max(lag, 0) : max(lag, 0) + len(source), :, place] = source
    return out.reshape(length, -1)


def moments(features: np.ndarray, responses: np.ndarray, lags: np.ndarray) -> Moments:
    """Moments of one uninterrupted stretch.

    Parameters
    ----------
    features : array (time, feature)
        What was heard.
    responses : array (time, channel)
        What was answered, at the same times.
    lags : array of int
        By how many samples an answer follows; negative ones show what cannot be an answer.

    Raises
    ------
    ValueError
        If the two differ in length or hold values that are not finite.
    """
    if len(features) != len(responses):
        raise ValueError(f"features last {len(features)} samples, responses {len(responses)}: cut them alike")
    for name, values in (("features", features), ("responses", responses)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} hold values that are not finite")
    design = lagged(np.asarray(features, float), np.asarray(lags))
    design = design - design.mean(axis=0)
    responses = responses - responses.mean(axis=0)
    return Moments(design.T @ design, design.T @ responses, (responses**2).sum(axis=0), features.shape[1])


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
        Response units per unit of the feature.
    """
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
        Mean over the parts. Without an effect its distribution is symmetric around 0.
    """
    if len(parts) < 2:
        raise ValueError("at least two stretches are needed: one to fit, one to predict")
    total = sum(parts[1:], parts[0])
    others = [number for number in range(total.features) if number not in family]
    clear = _cleared(total, family, others)
    cleared = [Moments(clear.T @ part.xx @ clear, clear.T @ part.xy, part.yy, len(family)) for part in parts]
    whole = sum(cleared[1:], cleared[0])
    return np.mean([_held_out(whole - part, part, ridge) for part in cleared], axis=0)


def _cleared(total: Moments, family: list[int], others: list[int]) -> np.ndarray:
    """Matrix (all columns, columns of the family) that turns lagged features into the family's own share."""
    lags = len(total.xx) // total.features
    mine, rest = (np.concatenate([np.arange(lags) + lags * k for k in kept]) for kept in (family, others))
    out = np.zeros((len(total.xx), len(mine)))
    out[mine, np.arange(len(mine))] = 1
    scale = _scale(total)
    scaled = total.xx / np.outer(scale, scale)
    damped = scaled[np.ix_(rest, rest)] + 1e-8 * np.eye(len(rest))
    out[rest] = -np.linalg.solve(damped, scaled[np.ix_(rest, mine)]) * scale[mine] / scale[rest][:, None]
    return out


def _scale(data: Moments) -> np.ndarray:
    """Spread of each feature, once for each of its lags."""
    lags = len(data.xx) // data.features
    return np.sqrt(np.maximum(np.diag(data.xx).reshape(data.features, lags).mean(axis=1), 1e-12)).repeat(lags)


def _held_out(train: Moments, test: Moments, ridge: float) -> np.ndarray:
    weights = response_functions(train, ridge=ridge).reshape(len(train.xx), -1)
    explained = (weights * test.xy).sum(axis=0)
    size = np.einsum("ic,ij,jc->c", weights, test.xx, weights)
    return explained / np.sqrt(np.maximum(size, 1e-30) * np.maximum(test.yy, 1e-30))
