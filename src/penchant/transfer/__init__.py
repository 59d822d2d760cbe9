"""Learn from a second log: users of another data set, on items that both have."""

from penchant.transfer.gains import TransferGain, transfer_gains
from penchant.transfer.item_matching import ItemMatches, match_items, title_key
from penchant.transfer.training_log import joined

__all__ = [
    "ItemMatches",
    "TransferGain",
    "joined",
    "match_items",
    "title_key",
    "transfer_gains",
]
