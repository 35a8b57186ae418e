//! The catalogue, held under its version (design 8): one statement per batch of calls tells whether it changed.
//!
//! A call gets a catalogue whose version was read after the call came in, so that a client sees what it wrote
//! before. Calls that queue behind a running check share the next one. Deliberately absent: networks and links,
//! which are many and are read when they are needed.

use crate::problem::Problem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use wanlink_domain::hold::Holds;
use wanlink_domain::ids::AccountId;
use wanlink_domain::plan::CatalogueIndex;
use wanlink_store::port::{Catalogue, ReadStore, StoreError};

#[derive(Default)]
struct Held {
    index: Option<Arc<CatalogueIndex>>,
    holds: Arc<Holds>,
    version: i64,
    /// The newest call that the last check is good for.
    covers: u64,
    /// How that check failed, if it did.
    failed: Option<StoreError>,
}

/// What the last look found.
#[derive(Clone, Default)]
pub struct Known {
    index: Option<Arc<CatalogueIndex>>,
    pub holds: Arc<Holds>,
}

impl Known {
    /// An operator wants this account's work accepted, not run.
    pub fn held(&self, account: AccountId) -> bool {
        let account = self.index.as_ref().and_then(|index| index.account(account));
        account.is_some_and(|account| self.holds.on(account.id, account.wim_id).is_some())
    }
}

/// The cache: one per process.
#[derive(Default)]
pub struct CatalogueCache {
    arrivals: AtomicU64,
    held: Mutex<Held>,
    known: RwLock<Known>,
}

impl CatalogueCache {
    /// The catalogue as it was after this call came in.
    pub async fn current(&self, store: &dyn ReadStore) -> Result<Arc<CatalogueIndex>, Problem> {
        Ok(self.with_holds(store).await?.0)
    }

    /// The holds as the last look found them, without waiting for one that is under way: good for a call that has
    /// looked at the catalogue itself.
    pub fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same with what is paused or frozen, which is part of the catalogue's version.
    pub async fn with_holds(
        &self,
        store: &dyn ReadStore,
    ) -> Result<(Arc<CatalogueIndex>, Arc<Holds>), Problem> {
        let arrival = self.arrivals.fetch_add(1, Ordering::SeqCst) + 1;
        // Fair: whoever gets it next checks for all that have queued up behind it.
        let mut held = self.held.lock().await;
        if held.covers < arrival {
            let covers = self.arrivals.load(Ordering::SeqCst);
            held.failed = refresh(&mut held, store).await.err();
            held.covers = covers;
            *self.known.write().unwrap_or_else(PoisonError::into_inner) =
                Known { index: held.index.clone(), holds: held.holds.clone() };
        }
        if let Some(error) = &held.failed {
            return Err(error.clone().into());
        }
        match &held.index {
            Some(index) => Ok((index.clone(), held.holds.clone())),
            None => Err(StoreError::Unavailable("nothing was read".to_owned()).into()),
        }
    }
}

async fn refresh(held: &mut Held, store: &dyn ReadStore) -> Result<(), StoreError> {
    let version = store.catalogue_version().await?;
    if held.index.is_some() && held.version == version {
        return Ok(());
    }
    let catalogue = store.catalogue().await?;
    held.version = catalogue.version;
    let Catalogue { version: _, tenants, sites, wims, accounts, port_mappings, holds } = catalogue;
    let index = CatalogueIndex::new(tenants, sites, wims, accounts, port_mappings);
    held.index = Some(Arc::new(index));
    held.holds = Arc::new(Holds::new(holds));
    Ok(())
}

#[cfg(test)]
#[path = "../tests/api/record.rs"]
mod record;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_that_come_together_share_a_look_at_the_version() {
        let (cache, record) = (CatalogueCache::default(), record::Record::default());
        let together = async |count: usize| {
            let calls = (0..count).map(|_| cache.current(&record));
            futures::future::join_all(calls).await.into_iter().filter(Result::is_ok).count()
        };
        // The first call looks; all that came while it did share the second look.
        assert_eq!(together(40).await, 40);
        assert_eq!(record.version_reads.load(Ordering::SeqCst), 2);
        assert_eq!(record.catalogue_reads.load(Ordering::SeqCst), 1);
        record.tables().version += 1;
        assert_eq!(together(1).await, 1);
        assert_eq!(record.catalogue_reads.load(Ordering::SeqCst), 2);
        // A failure is shared as well, so that a queue does not wait out one time limit after the other.
        record.away.store(true, Ordering::SeqCst);
        assert_eq!(together(40).await, 0);
        assert_eq!(record.version_reads.load(Ordering::SeqCst), 5);
        record.away.store(false, Ordering::SeqCst);
        assert_eq!(together(3).await, 3);
    }
}
