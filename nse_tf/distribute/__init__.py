"""Chief, workers and leases: one search on several processes."""
