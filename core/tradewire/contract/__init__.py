"""What a plugin implements: one module per stage, each with the base class of the object a hook returns."""
