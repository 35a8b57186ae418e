-- Counts one change of the catalogue.
update catalogue_version set version = version + 1
returning version::text
