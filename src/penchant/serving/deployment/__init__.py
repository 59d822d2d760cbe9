"""Which models answer: the one in place, a canary beside it, and the one before."""

from penchant.serving.deployment.deployment import Deployment, Snapshot
from penchant.serving.deployment.figures import Arm, Figures

__all__ = ["Arm", "Deployment", "Figures", "Snapshot"]
