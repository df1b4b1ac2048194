"""The JSON API under /api/v1: thin handlers over the services. See docs at /api/v1/openapi."""
