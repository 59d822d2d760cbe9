"""What several recommenders build on."""
