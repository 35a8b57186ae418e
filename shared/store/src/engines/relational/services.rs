//! The end of network services and of what leaves them: several statements that are one operation of the port.

use super::super::rows::json;
use super::Work;
use super::transaction::SqlTransaction;
use crate::port::StoreError;
use wanlink_domain::ids::{NetworkId, ServiceId};
use wanlink_domain::service::Service;

impl<W: Work> SqlTransaction<W> {
    /// See [`crate::port::Transaction::settle_services`]. The rows are locked first, by a statement of its own: of two
    /// transactions that each end one of the last two links, the later one then sees what the earlier one did.
    pub(super) async fn settle(&mut self, ids: &[ServiceId]) -> Result<Vec<ServiceId>, StoreError> {
        let locked: Vec<Service> = self.by_ids(self.sql.services_lock, ids).await?;
        let locked: Vec<ServiceId> = locked.into_iter().map(|service| service.id).collect();
        if locked.is_empty() {
            return Ok(Vec::new());
        }
        let ended: Vec<ServiceId> = self.by_ids(self.sql.services_ended, &locked).await?;
        let among = vec![self.note(json(&locked))?, self.note(json(&ended))?];
        let unneeded: Vec<NetworkId> = self.fetch(self.sql.networks_unneeded, among).await?;
        self.write(self.sql.networks_untie, &unneeded).await?;
        self.write(self.sql.networks_delete, &unneeded).await?;
        self.write(self.sql.networks_release, &ended).await?;
        self.write(self.sql.services_delete, &ended).await?;
        Ok(ended)
    }
}
