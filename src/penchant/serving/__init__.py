"""A bundle as a service: recommendations with reasons over REST, and a store of feedback.

Needs the extra `serve`.
"""
