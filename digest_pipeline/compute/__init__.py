"""Where models compute: in the run's process, or on the workers of a Ray cluster.

What belongs here is how work gets to a model and its results back. What the work is, is the stages' matter: a task is
a function of theirs that takes settings first. A worker is given no database: only the run's process writes.
"""

from digest_pipeline.compute.pool import LocalPool, get_pool
from digest_pipeline.compute.protocols import ComputePool, SharedFile

__all__ = ["ComputePool", "LocalPool", "SharedFile", "get_pool"]
