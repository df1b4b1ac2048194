"""What a running Tradewire stands on: its data folder, its clock, its processes."""
