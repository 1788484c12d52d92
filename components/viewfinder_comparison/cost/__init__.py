"""What serving costs: capacity, prices and load, in money a month for each way to serve."""
