"""One search on several processes: chief, workers and leases."""
