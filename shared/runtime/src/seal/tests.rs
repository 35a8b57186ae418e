//! What sealing promises: opened only by the right key, for the right account and field, and never shown.

use super::*;
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt as _;
use uuid::Uuid;

const ACCOUNT: AccountId = AccountId(Uuid::from_u128(1));

fn pair() -> (Sealer, Opener) {
    let (public, private) = generate_pair().expect("a pair");
    (Sealer::new(public), Opener::new([private]))
}

#[test]
fn a_secret_comes_back_for_its_account_and_field_and_for_no_other() {
    let (sealer, opener) = pair();
    let sealed = sealer.seal(ACCOUNT, "password", &Secret::new("s3cret")).expect("sealed");
    assert_eq!(opener.open(ACCOUNT, "password", &sealed).expect("opened").expose(), "s3cret");
    for (account, field) in [(AccountId(Uuid::from_u128(2)), "password"), (ACCOUNT, "token"), (ACCOUNT, "")] {
        let error = opener.open(account, field, &sealed).expect_err("bound elsewhere");
        assert_eq!(error, SealError::WrongBinding { account, field: field.to_owned() });
    }
}

#[test]
fn a_changed_text_does_not_open() {
    let (sealer, opener) = pair();
    let Sealed(text) = sealer.seal(ACCOUNT, "password", &Secret::new("s3cret")).expect("sealed");
    let start = text.rfind(&format!(".{}.", sealer.kid())).map_or(0, |at| at + sealer.kid().len() + 2);
    for at in start..text.len() {
        let mut bytes = text.clone().into_bytes();
        if bytes[at] == b'.' {
            continue;
        }
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(opener.open(ACCOUNT, "password", &Sealed(changed)).is_err(), "{at}");
    }
}

#[test]
fn an_unknown_key_is_named() {
    let (sealer, _) = pair();
    let (_, other) = pair();
    let sealed = sealer.seal(ACCOUNT, "password", &Secret::new("s3cret")).expect("sealed");
    let error = other.open(ACCOUNT, "password", &sealed).expect_err("another key");
    assert_eq!(error, SealError::UnknownKey { kid: sealer.kid().to_owned() });
}

#[test]
fn a_rotation_opens_the_old_and_the_new() {
    let (old_public, old_private) = generate_pair().expect("a pair");
    let (new_public, new_private) = generate_pair().expect("a pair");
    let opener = Opener::new([old_private, new_private]);
    for public in [old_public, new_public] {
        let sealed = Sealer::new(public).seal(ACCOUNT, "password", &Secret::new("s3cret")).expect("sealed");
        assert_eq!(opener.open(ACCOUNT, "password", &sealed).expect("opened").expose(), "s3cret");
    }
}

#[test]
fn malformed_texts_are_refused_before_any_key_is_asked_for() {
    let zeros = "A".repeat(43);
    let id = "0123456789abcdef";
    for text in [
        "".to_owned(),
        "s3cret".to_owned(),
        format!("hpke2.{id}.{zeros}.{zeros}"),
        format!("hpke1.{}.{zeros}.{zeros}", &id[1..]),
        format!("hpke1.{id}.{zeros}.AAAA"),
        format!("hpke1.{id}.AAAA.{zeros}"),
        format!("hpke1.{id}.{zeros}=.{zeros}"),
        format!("hpke1.{id}.{zeros}.{zeros}.{zeros}"),
    ] {
        let sealed = Sealed(text.clone());
        let error = kid(&sealed).expect_err("malformed");
        assert_eq!(Opener::default().open(ACCOUNT, "password", &sealed).err(), Some(error.clone()), "{text}");
        assert!(matches!(error, SealError::Malformed(_)), "{text}");
        assert!(!error.to_string().contains("s3cret"));
    }
    assert_eq!(kid(&Sealed(format!("hpke1.{id}.{zeros}.{zeros}"))), Ok(id));
}

#[test]
fn nothing_secret_is_shown() {
    let (public, private) = generate_pair().expect("a pair");
    let sealed = Sealer::new(public).seal(ACCOUNT, "password", &Secret::new("s3cret")).expect("sealed");
    let shown = format!("{:?} {:?} {:?} {:?}", Secret::new("s3cret"), sealed, private, Opener::new([]));
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(!shown.contains(sealed.0.rsplit('.').next().unwrap_or_default()), "{shown}");
}

#[test]
fn the_pair_survives_its_files_and_the_private_one_is_its_owners_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (public_file, private_file) = (folder.path().join("seal.pub"), folder.path().join("seal.key"));
    let (public, private) = generate_pair().expect("a pair");
    public.write(&public_file).expect("written");
    private.write(&private_file).expect("written");
    let mode = std::fs::metadata(&private_file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let sealer = Sealer::new(PublicKey::read(&public_file).expect("read"));
    let opener = Opener::new([PrivateKey::read(&private_file).expect("read")]);
    let sealed = sealer.seal(ACCOUNT, "password", &Secret::new("s3cret")).expect("sealed");
    assert_eq!(opener.open(ACCOUNT, "password", &sealed).expect("opened").expose(), "s3cret");

    assert!(matches!(private.write(&private_file), Err(KeyFileError::Io { .. })), "an existing key stays");
    assert!(
        matches!(PublicKey::read(&private_file), Err(KeyFileError::Malformed { .. })),
        "not a public key"
    );
    let other_kid =
        std::fs::read_to_string(&public_file).expect("text").replace(public.kid(), "0123456789abcdef");
    std::fs::write(&public_file, other_kid).expect("written");
    assert!(matches!(PublicKey::read(&public_file), Err(KeyFileError::Malformed { .. })), "a wrong key id");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_and_field_come_back(text in ".{0,200}", field in ".{0,30}", account: u128) {
        let (sealer, opener) = pair();
        let account = AccountId(Uuid::from_u128(account));
        let sealed = sealer.seal(account, &field, &Secret::new(text.clone())).expect("sealed");
        let opened = opener.open(account, &field, &sealed).expect("opened");
        prop_assert_eq!(opened.expose(), text.as_str());
    }
}
