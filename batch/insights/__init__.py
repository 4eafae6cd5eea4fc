"""What the crowd watches, takes up and is made of: worked out every night, from sums over users."""
