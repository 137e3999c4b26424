"""Logistic regression as small trained models here keep it; scikit-learn fits it in ``bench``."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression on standardised columns."""

    mean: Array
    scale: Array
    coefficients: Array
    intercept: float

    def log_odds(self, matrix: npt.NDArray[np.floating]) -> Array:
        """Log odds of what was learnt, for each row."""
        values: Array = ((matrix - self.mean) / self.scale) @ self.coefficients + self.intercept
        return values

    def probability(self, matrix: npt.NDArray[np.floating]) -> Array:
        """The same as probabilities, 0..1."""
        shares: Array = 1 / (1 + np.exp(-self.log_odds(matrix)))
        return shares
