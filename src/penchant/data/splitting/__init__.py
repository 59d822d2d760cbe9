"""Ways to split a log: event by event, or users, items, baskets or sessions whole."""

from penchant.data.splitting.cold_items import split_cold_items
from penchant.data.splitting.default import split
from penchant.data.splitting.events import (
    k_fold,
    split_by_time,
    split_leave_last_out,
    split_per_user,
    split_random,
)
from penchant.data.splitting.next_basket import split_next_basket
from penchant.data.splitting.sessions import split_sessions
from penchant.data.splitting.users import split_users

__all__ = [
    "k_fold",
    "split",
    "split_by_time",
    "split_cold_items",
    "split_leave_last_out",
    "split_next_basket",
    "split_per_user",
    "split_random",
    "split_sessions",
    "split_users",
]
