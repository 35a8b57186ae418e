-- Counts one change of the catalogue.
update catalogue_version set version = version + 1
returning cast(version as text)
