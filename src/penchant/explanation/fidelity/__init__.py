"""How faithful reasons are: what happens where what they name is taken away."""
