//! The suite on one `wanlink up`: SQLite and the in-process broker, no other service.

wanlink_e2e::suite!(wanlink_e2e::Profile::Embedded);
