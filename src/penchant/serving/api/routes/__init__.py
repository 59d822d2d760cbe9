"""Routes by what they are about; each is a router that the application includes."""
