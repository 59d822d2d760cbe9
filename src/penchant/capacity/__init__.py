"""What a log of some size takes: memory and time of each step and model, from measured growth."""

from penchant.capacity.amounts import LogSize
from penchant.capacity.growth import Growth, measured_growth
from penchant.capacity.plan import CapacityPlan, plan
from penchant.capacity.step import Step
from penchant.capacity.steps import STEPS

__all__ = ["STEPS", "CapacityPlan", "Growth", "LogSize", "Step", "measured_growth", "plan"]
