"""Splits that hold out users, items or baskets whole, whose events are not divided one by one."""

from penchant.data.splitting.cold_items import split_cold_items
from penchant.data.splitting.next_basket import split_next_basket
from penchant.data.splitting.users import split_users

__all__ = ["split_cold_items", "split_next_basket", "split_users"]
