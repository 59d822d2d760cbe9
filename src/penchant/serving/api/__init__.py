"""The service over HTTP: routes, schemas, errors, and what stands before them."""
