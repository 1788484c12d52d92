"""Write the usable photos as shards that training reads at full speed."""
