//! Sealing of secrets: the api seals with the workers' public key, only a worker opens (HPKE, RFC 9180, base mode).
//!
//! The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, by the TLS stack's own provider, so that the
//! tree holds one implementation of cryptography. A sealed secret is bound to its account and its field: moved to
//! another row it does not open. Deliberately absent: hiding a secret's length, and re-sealing under a new key (an
//! operator gives the secret anew; until then the old private key stays in the list).

mod keys;
mod secret;
#[cfg(test)]
mod tests;

pub use keys::{KeyFileError, PrivateKey, PublicKey, generate_pair};
pub use secret::Secret;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke};
use std::collections::BTreeMap;
use wanlink_domain::catalogue::Sealed;
use wanlink_domain::ids::AccountId;

/// What binds a sealed secret to this program and format (`info` of RFC 9180, section 5.1).
const CONTEXT: &[u8] = b"wanlink/seal/1";
const FORMAT: &str = "hpke1";
/// Bytes of an encapsulated X25519 key (RFC 9180, section 7.1: Nenc).
const ENCAPSULATED_LEN: usize = 32;
/// Bytes of an AES-256-GCM tag, the least a ciphertext has.
const TAG_LEN: usize = 16;

fn suite() -> &'static dyn Hpke {
    DH_KEM_X25519_HKDF_SHA256_AES_256
}

/// Why a secret was not sealed or opened. None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text is no sealed secret.
    #[error("not a sealed secret: {0}")]
    Malformed(&'static str),
    /// No private key with this id is at hand.
    #[error("sealed for key {kid}, which is not among the private keys here")]
    UnknownKey { kid: String },
    /// It was sealed for another account or field, or changed afterwards: the cipher cannot tell which.
    #[error("does not open for field {field:?} of account {account}: sealed for another one, or changed")]
    WrongBinding { account: AccountId, field: String },
    /// The public key cannot be used, or the provider failed.
    #[error("cannot be sealed with key {kid}")]
    Unusable { kid: String },
}

/// The id of the key that `sealed` was sealed for, after a check of its form: `hpke1.<key id>.<encapsulated
/// key>.<ciphertext>`, the last two in unpadded base64url (RFC 4648, section 5). That it can be opened is known only
/// to a holder of the private key.
pub fn kid(sealed: &Sealed) -> Result<&str, SealError> {
    split(&sealed.0).map(|parts| parts.kid)
}

struct Parts<'a> {
    kid: &'a str,
    encapsulated: Vec<u8>,
    ciphertext: Vec<u8>,
}

fn split(text: &str) -> Result<Parts<'_>, SealError> {
    let fields: Vec<&str> = text.split('.').collect();
    let [format, kid, encapsulated, ciphertext] = fields[..] else {
        return Err(SealError::Malformed("it does not have four parts"));
    };
    if format != FORMAT {
        return Err(SealError::Malformed("its format is unknown"));
    }
    if !keys::is_kid(kid) {
        return Err(SealError::Malformed("its key id is not 16 hexadecimal digits"));
    }
    let decode =
        |part: &str| BASE64URL.decode(part).map_err(|_| SealError::Malformed("a part is not base64url"));
    let (encapsulated, ciphertext) = (decode(encapsulated)?, decode(ciphertext)?);
    if encapsulated.len() != ENCAPSULATED_LEN || ciphertext.len() < TAG_LEN {
        return Err(SealError::Malformed("a part has the wrong length"));
    }
    Ok(Parts { kid, encapsulated, ciphertext })
}

/// The additional data: 16 bytes of account, then the field's name. The first part's length is fixed, so no two
/// pairs give the same bytes.
fn binding(account: AccountId, field: &str) -> Vec<u8> {
    [account.0.as_bytes().as_slice(), field.as_bytes()].concat()
}

/// Seals secrets for the holders of one private key.
#[derive(Clone, Debug)]
pub struct Sealer {
    public: PublicKey,
}

impl Sealer {
    pub fn new(public: PublicKey) -> Self {
        Self { public }
    }

    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// Seals `plaintext` for `field` of `account`. Twice the same gives two different texts.
    pub fn seal(&self, account: AccountId, field: &str, plaintext: &Secret) -> Result<Sealed, SealError> {
        let aad = binding(account, field);
        let (encapsulated, ciphertext) = suite()
            .seal(CONTEXT, &aad, plaintext.expose().as_bytes(), self.public.hpke())
            .map_err(|_| SealError::Unusable { kid: self.kid().to_owned() })?;
        let (encapsulated, ciphertext) = (BASE64URL.encode(encapsulated.0), BASE64URL.encode(ciphertext));
        Ok(Sealed(format!("{FORMAT}.{}.{encapsulated}.{ciphertext}", self.kid())))
    }
}

/// Opens sealed secrets with the private keys that a worker holds: several during a rotation.
#[derive(Debug, Default)]
pub struct Opener {
    keys: BTreeMap<String, PrivateKey>,
}

impl Opener {
    pub fn new(keys: impl IntoIterator<Item = PrivateKey>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.kid().to_owned(), key)).collect() }
    }

    /// Opens what was sealed for `field` of `account`, and nothing else.
    pub fn open(&self, account: AccountId, field: &str, sealed: &Sealed) -> Result<Secret, SealError> {
        let parts = split(&sealed.0)?;
        let key =
            self.keys.get(parts.kid).ok_or_else(|| SealError::UnknownKey { kid: parts.kid.to_owned() })?;
        let wrong = || SealError::WrongBinding { account, field: field.to_owned() };
        let encapsulated = EncapsulatedSecret(parts.encapsulated);
        let aad = binding(account, field);
        let plaintext =
            suite().open(&encapsulated, CONTEXT, &aad, &parts.ciphertext, key.hpke()).map_err(|_| wrong())?;
        Secret::from_utf8(plaintext).ok_or_else(wrong)
    }
}
