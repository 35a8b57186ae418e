//! A connector kind that cannot be built at first, and then is a simulated controller.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use wanlink_connectors::port::{Connector, ConnectorFactory, Settings};
use wanlink_connectors::simulator::{DESCRIPTOR, SimulatorFactory};
use wanlink_domain::connector::ConnectorDescriptor;
use wanlink_domain::reason::{Code, Reason};

const RELUCTANT: ConnectorDescriptor = ConnectorDescriptor { kind: "reluctant", ..DESCRIPTOR };

#[derive(Default)]
pub struct Reluctant {
    /// So many times it refuses; every other time it panics instead.
    pub refusals: AtomicU32,
    /// The token that it was last given.
    pub token: Mutex<String>,
}

impl ConnectorFactory for Reluctant {
    fn descriptor(&self) -> &'static ConnectorDescriptor {
        &RELUCTANT
    }

    fn build(&self, settings: Settings) -> Result<Box<dyn Connector>, Reason> {
        let left = self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Ok(left) if left % 2 == 0 => panic!("expected by the test"),
            Ok(_) => return Err(Reason::new(Code::ConnectorInvalid, "not yet")),
            Err(_) => {}
        }
        if let Some(token) = settings.secrets.get("token") {
            token.expose().clone_into(&mut self.token.lock().expect("a lock"));
        }
        SimulatorFactory.build(settings)
    }
}
