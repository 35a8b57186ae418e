select version::text from catalogue_version
