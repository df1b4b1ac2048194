"""The append-only journal and the chain over it. See docs/reference/ledger.md."""
