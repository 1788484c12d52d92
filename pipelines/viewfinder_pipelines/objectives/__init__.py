"""What a service promises its users, and how much of that each version has used up."""
