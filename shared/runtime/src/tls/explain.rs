//! What a failed handshake means, for people: whose certificate, what is wrong with it, and which key of the
//! configuration to look at. Deliberately absent: what to do about it in code; nothing is tried differently.

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use std::error::Error;
use std::io;

/// What a person would change: keys of the configuration, or flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    pub ca: &'static str,
    pub certificate: &'static str,
    pub key: &'static str,
}

pub const BROKER: Keys = Keys {
    ca: "message_broker.tls.ca",
    certificate: "message_broker.tls.certificate",
    key: "message_broker.tls.key",
};
pub const DATABASE: Keys =
    Keys { ca: "database.tls.ca", certificate: "database.tls.certificate", key: "database.tls.key" };

/// A sentence about the fault of TLS that is at the bottom of an error, if one is.
pub fn explain(error: &(dyn Error + 'static), keys: &Keys) -> Option<String> {
    let fault = find(error)?;
    Some(format!("{} ({fault})", sentence(&fault, keys)))
}

/// An io error keeps what it was made of apart from its source.
fn find(error: &(dyn Error + 'static)) -> Option<TlsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<TlsError>() {
            return Some(fault.clone());
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return find(inner);
        }
        next = error.source();
    }
    None
}

fn sentence(fault: &TlsError, keys: &Keys) -> String {
    match fault {
        TlsError::InvalidCertificate(why) => server(why, keys),
        TlsError::AlertReceived(alert) => refused(*alert, keys),
        TlsError::InvalidMessage(_) => {
            "the other side does not speak TLS on this port: name its TLS port, or leave TLS out".to_owned()
        }
        TlsError::PeerIncompatible(_) => {
            "the other side speaks no TLS that is still safe: it must know TLS 1.2 or 1.3".to_owned()
        }
        _ => "the TLS handshake failed".to_owned(),
    }
}

/// Our judgement on the server's certificate.
fn server(why: &CertificateError, keys: &Keys) -> String {
    use CertificateError as E;
    match why {
        E::UnknownIssuer => format!(
            "the server's certificate was issued by nobody who is trusted here: name the file of its certificate \
             authority in {}",
            keys.ca
        ),
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "the server's certificate is for another name: connect to a name that it holds, or have it issued for \
             this one"
                .to_owned()
        }
        E::Expired | E::ExpiredContext { .. } => {
            "the server's certificate has expired: renew it at the server, and look at both clocks".to_owned()
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: look at both clocks".to_owned()
        }
        E::Revoked => "the server's certificate was revoked: the server needs a new one".to_owned(),
        _ => "the server's certificate cannot be accepted".to_owned(),
    }
}

/// The server's judgement on us.
fn refused(alert: AlertDescription, keys: &Keys) -> String {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired => {
            format!("the server wants a client certificate: give it in {} and {}", keys.certificate, keys.key)
        }
        A::UnknownCA => format!(
            "the server does not trust who issued the certificate in {}: have it issued by an authority that the \
             server knows",
            keys.certificate
        ),
        A::CertificateExpired => format!("the certificate in {} has expired: renew it", keys.certificate),
        A::CertificateRevoked => format!("the certificate in {} was revoked: renew it", keys.certificate),
        // Servers of TLS 1.2 say this where a certificate is missing as well as where one is bad.
        A::BadCertificate | A::CertificateUnknown | A::UnsupportedCertificate | A::HandshakeFailure => {
            format!(
                "the server refused this side's certificate, or misses one: look at {} and {}, and at the server's log",
                keys.certificate, keys.key
            )
        }
        A::UnrecognisedName => {
            "the server knows nobody of that name: look at the name that is connected to".to_owned()
        }
        A::ProtocolVersion => {
            "the other side speaks no TLS that is still safe: it must know TLS 1.2 or 1.3".to_owned()
        }
        _ => "the server broke the TLS handshake off: its log says why".to_owned(),
    }
}
