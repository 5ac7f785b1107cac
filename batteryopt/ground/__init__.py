"""What everything stands on: errors, statuses, certificates, provenance, files; knows nothing above it."""
