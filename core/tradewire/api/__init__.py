"""The JSON API under /api/v1: thin handlers over the services. See /api/v1/openapi/openapi.json."""
