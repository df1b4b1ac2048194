"""The words of trading as frozen structs and pure functions: no clock, no I/O, nothing else of Tradewire."""
