"""State tables as more than one part reads and changes them: rows as structs, versions, switches."""
