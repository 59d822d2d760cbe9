"""penchant"""
