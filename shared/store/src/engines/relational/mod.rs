//! What the SQL engines share: the port's operations, written once in terms of named statements.
//!
//! An engine brings the text of each statement ([`Statements`], one file per name) and a way to run it ([`Work`],
//! [`Source`]). Every statement takes whole numbers and text (rows as one JSON array) and answers one column of JSON
//! text, decoded straight into the domain's structs: there is no list of columns in Rust. Deliberately absent: SQL,
//! and any driver.

mod catalogue;
mod keep;
mod reader;
mod services;
mod statements;
mod transaction;

pub(super) use reader::Reader;
pub use statements::Statements;
pub(super) use statements::{each_statement, from_files};
pub(super) use transaction::{SqlTransaction, check_schema};

use crate::port::StoreError;
use async_trait::async_trait;

/// One bound parameter.
#[derive(Clone, Debug)]
pub enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
}

/// Binds parameters to a driver's query, in order.
macro_rules! bind {
    ($query:expr, $args:expr) => {
        $args.into_iter().fold($query, |query, arg| match arg {
            $crate::engines::relational::Arg::Int(value) => query.bind(value),
            $crate::engines::relational::Arg::Text(value) => query.bind(value),
        })
    };
}

pub(super) use bind;

/// Why a statement failed: the violations that an operation may expect, and all else.
#[derive(Clone, Debug)]
pub enum Fault {
    /// A row with this unique value is there already.
    Unique(String),
    /// A row that is referred to is not there, or a row is still referred to.
    Foreign(String),
    Store(StoreError),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unique(text) | Fault::Foreign(text) => Self::Invalid(text),
            Fault::Store(error) => error,
        }
    }
}

/// An open transaction of an engine. Dropping it rolls back.
#[async_trait]
pub trait Work: Send + 'static {
    /// Runs a statement and answers its one text column.
    async fn fetch(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault>;
    /// Runs a statement and answers how many rows it touched.
    async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, Fault>;
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// An engine's pool of connections that read, one statement each.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    const STATEMENTS: &'static Statements;

    fn capabilities(&self) -> crate::port::Capabilities;
    /// The newest migration of this build.
    fn schema(&self) -> i64;
    async fn fetch(&self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault>;
    async fn close(&self);
}
