select cast(version as text) from catalogue_version
