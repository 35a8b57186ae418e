//! Migrations from files that are part of the executable, and what may go wrong with them.

use crate::port::StoreError;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

/// A migrator over (version, description, text). An applied one never changes: its digest is compared.
pub(super) fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = files.iter().map(|(version, description, text)| {
        Migration::new(*version, (*description).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

pub(super) fn newest(files: &[(i64, &'static str, &'static str)]) -> i64 {
    files.iter().map(|(version, _, _)| *version).max().unwrap_or(0)
}

/// A migration's error, where `driver` judges the errors of the database itself.
pub(super) fn error(error: MigrateError, needed: i64, driver: fn(sqlx::Error) -> StoreError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => driver(error),
        // The database was migrated by a newer build.
        MigrateError::VersionMissing(found) => StoreError::Schema { found, needed },
        other => StoreError::Invalid(format!("migration: {other}")),
    }
}
