//! `wanlink lease`: which worker may act for which account. Deliberately absent: giving and taking them, which is the
//! conductors' to do.

use crate::client::session::{Noun, RowArgs, Session, TenantArgs};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::Subcommand;

pub const NOUN: Noun = Noun {
    path: "leases",
    columns: &[
        ("ACCOUNT", "/account_id"),
        ("TENANT", "/tenant_id"),
        ("WIM", "/wim_id"),
        ("WORKER", "/worker"),
        ("EPOCH", "/epoch"),
        ("UNTIL", "/lease_until"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List who may act for which account
    List {
        #[command(flatten)]
        tenant: TenantArgs,
        #[command(flatten)]
        rows: RowArgs,
    },
    /// Show who may act for an account
    Show {
        /// Id or name
        account: String,
        #[command(flatten)]
        tenant: TenantArgs,
        #[command(flatten)]
        watch: WatchArgs,
    },
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::List { tenant, rows } => session.list(NOUN, &tenant.query(), &rows).await,
        Verb::Show { account, tenant, watch } => session.show(NOUN, &account, &tenant.query(), &watch).await,
    }
}
