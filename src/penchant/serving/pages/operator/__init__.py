"""The operator's page: which models answer, how they do, and what people say."""
