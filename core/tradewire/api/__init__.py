"""The JSON API under /api/v1: thin handlers over the services. Its document is /api/v1/openapi/openapi.json."""
