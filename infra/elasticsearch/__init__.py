"""Read models in Elasticsearch: whole documents under external versions, an index a model and generation."""
