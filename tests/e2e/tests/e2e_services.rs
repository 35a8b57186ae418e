//! The instruments of the fault tests: a server that is killed is really gone, and comes back where it was.

use std::net::TcpStream;
use wanlink_e2e::services::{Postgres, RabbitMq, folder};

fn takes_connections(url: &str) -> bool {
    let address = url.rsplit('@').next().and_then(|rest| rest.split('/').next()).expect("a host and a port");
    TcpStream::connect(address).is_ok()
}

#[test]
fn a_killed_rabbitmq_comes_back_on_its_port() {
    let folder = folder();
    let server = RabbitMq::start(&folder.path().join("rabbitmq"));
    let url = server.url();
    assert!(takes_connections(&url));
    server.kill();
    assert!(!takes_connections(&url));
    server.start_again();
    assert!(takes_connections(&url) && server.url() == url);
    drop(server);
    assert!(!takes_connections(&url));
}

#[test]
fn a_postgresql_stopped_as_by_a_crash_comes_back_on_its_port() {
    let folder = folder();
    let server = Postgres::start(&folder.path().join("postgres"));
    let url = server.url();
    assert!(takes_connections(&url));
    server.stop_immediate();
    assert!(!takes_connections(&url));
    server.start_again();
    assert!(takes_connections(&url) && server.url() == url);
    drop(server);
    assert!(!takes_connections(&url));
}
