"""Many small recurrent networks, one for each user, trained together in batches."""
