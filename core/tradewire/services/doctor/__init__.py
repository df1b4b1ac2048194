"""Whether all is well: one file per subject, each giving findings with what to do about them."""
