"""Whether a history keeps the promises: read from an exported ledger alone, or beside a venue's own list."""
