"""Splits that hold out users or items whole, whose events are not divided one by one."""

from penchant.data.splitting.cold_items import split_cold_items
from penchant.data.splitting.users import split_users

__all__ = ["split_cold_items", "split_users"]
