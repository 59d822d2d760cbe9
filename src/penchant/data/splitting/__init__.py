"""Splits that hold out users, items, baskets or sessions whole, not event by event."""

from penchant.data.splitting.cold_items import split_cold_items
from penchant.data.splitting.next_basket import split_next_basket
from penchant.data.splitting.sessions import split_sessions
from penchant.data.splitting.users import split_users

__all__ = ["split_cold_items", "split_next_basket", "split_sessions", "split_users"]
