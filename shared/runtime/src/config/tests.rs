//! The configuration as a whole: its layers, its three sections under their long names, and all faults at once.

use super::*;
use std::path::PathBuf;
use std::time::Duration;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a written file");
        path
    }
}

fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn environment(given: &[(&str, &str)]) -> Sources {
    Sources { environment: pairs(given).into_iter().collect(), ..Sources::default() }
}

fn flags(given: &[(&str, &str)]) -> Sources {
    Sources { flags: pairs(given), ..Sources::default() }
}

#[test]
fn the_defaults_are_right_and_are_the_design_s() {
    let config = load(&Sources::default()).expect("right defaults").config;
    assert_eq!(config, Config::default());
    assert_eq!(config.lease.ttl, Duration::from_secs(20));
    assert_eq!(
        (config.database.engine.as_str(), config.message_broker.engine.as_str()),
        ("sqlite", "memory")
    );
}

#[test]
fn later_layers_win_and_every_value_knows_its_origin() {
    let files = Files::new();
    let first = files.write("first.toml", "[lease]\nrenew = \"1s\"\nttl = \"30s\"\n[api]\npage_max = 10");
    let second = files.write("second.toml", "[lease]\nrenew = \"2s\"\n[log]\nformat = \"json\"");
    let sources = Sources {
        standard_files: vec![files.0.path().join("absent.toml"), first.clone()],
        conf_files: vec![second.clone()],
        environment: pairs(&[("WANLINK__API__PAGE_MAX", "20"), ("WANLINK__WORKER__NAME", "5")])
            .into_iter()
            .collect(),
        flags: pairs(&[("api.page_max", "30")]),
    };
    let loaded = load(&sources).expect("a right configuration");
    let lease = &loaded.config.lease;
    assert_eq!((lease.renew, lease.ttl), (Duration::from_secs(2), Duration::from_secs(30)));
    assert_eq!((loaded.config.api.page_max, loaded.config.worker.name.as_str()), (30, "5"));
    assert_eq!(loaded.origins["lease.ttl"], Origin::File(first));
    assert_eq!(loaded.origins["lease.renew"], Origin::File(second));
    assert_eq!(loaded.origins["worker.name"], Origin::Environment("WANLINK__WORKER__NAME".to_owned()));
    assert_eq!(loaded.origins["api.page_max"], Origin::Flag("api.page_max".to_owned()));
    assert!(loaded.effective().contains("api.page_max = 30  # flag api.page_max\n"));
    assert!(loaded.effective().contains("attempt.max = 8  # default\n"));
}

#[test]
fn the_three_sections_start_the_system_as_ini_and_as_toml() {
    let files = Files::new();
    let ini = "[DATABASE]\nengine = postgres\nendpoints = postgres://a/w, postgres://b/w\n\
               [MESSAGE_BROKER]\nENGINE = amqp\nendpoints = amqp://a\n[DISTRIBUTED_COORDINATION]\nengine = etcd\n\
               [message_broker.options]\nSomeKey = 1\n";
    let toml = "[DATABASE]\nengine = \"postgres\"\nendpoints = [\"postgres://a/w\", \"postgres://b/w\"]\n\
                [MESSAGE_BROKER]\nENGINE = \"amqp\"\nendpoints = [\"amqp://a\"]\noptions = { SomeKey = \"1\" }\n\
                [DISTRIBUTED_COORDINATION]\nengine = \"etcd\"\n";
    for (name, text) in [("s.ini", ini), ("s.conf", ini), ("plain", ini), ("s.toml", toml), ("t.conf", toml)]
    {
        let sources = Sources { conf_files: vec![files.write(name, text)], ..Sources::default() };
        let config = load(&sources).expect(name).config;
        let endpoints: Vec<&str> = config.database.endpoints.iter().map(Endpoint::expose).collect();
        assert_eq!(endpoints, ["postgres://a/w", "postgres://b/w"], "{name}");
        assert_eq!(
            (config.message_broker.engine.as_str(), config.coordination.engine.as_str()),
            ("amqp", "etcd")
        );
        assert_eq!(config.message_broker.options.table()["SomeKey"], "1");
    }
}

#[test]
fn all_faults_are_told_at_once_each_with_its_key_and_origin() {
    let files = Files::new();
    let file = files.write(
        "wanlink.toml",
        "nonsense = 1\n[lease]\nttl = 20\nrenw = \"1s\"\n[api]\nlisten = \"everywhere\"\npage_max = -1\n\
         [attempt]\nmax = \"many\"\n[log]\nformat = \"xml\"\n[lease.margin]\nx = 1\n",
    );
    let sources = Sources {
        conf_files: vec![file.clone(), files.0.path().join("absent.toml")],
        ..environment(&[
            ("WANLINK__WORKER__CAPACITY", "0"),
            ("WANLINK__NOPE", "1"),
            ("WANLINK_TEST_AMQP_URL", "x"),
        ])
    };
    let Refused(faults) = load(&sources).expect_err("a refusal");
    let told: Vec<(Option<&str>, bool)> = faults
        .iter()
        .map(|fault| (fault.key.as_deref(), fault.origin == Origin::File(file.clone())))
        .collect();
    let expected = [
        (None, false),
        (Some("api.page_max"), true),
        (Some("attempt.max"), true),
        (Some("lease.margin.x"), true),
        (Some("lease.renw"), true),
        (Some("lease.ttl"), true),
        (Some("log.format"), true),
        (Some("nonsense"), true),
        (Some("nope"), false),
        (Some("worker.capacity"), false),
        (Some("api.listen"), true),
    ];
    assert_eq!(told, expected, "{faults:#?}");
    assert!(
        Refused(faults)
            .to_string()
            .contains("worker.capacity (environment WANLINK__WORKER__CAPACITY): 0 is out of range")
    );
}

#[test]
fn values_must_agree_with_each_other() {
    for (given, key) in [
        (&[("lease.margin", "20s")][..], "lease.margin"),
        (&[("lease.renew", "9s")], "lease.renew"),
        (&[("attempt.timeout", "20s")], "egress.request_timeout"),
        (&[("egress.connect_timeout", "30s")], "egress.connect_timeout"),
        (&[("api.word_wait", "40s")], "api.word_wait"),
        (&[("dispatch.after", "10m")], "dispatch.after"),
        (&[("api.listen", "0.0.0.0:80")], "api.listen"),
        (&[("retry.jitter", "1.5")], "retry.jitter"),
    ] {
        let Refused(faults) = load(&flags(given)).expect_err(key);
        assert!(faults.iter().any(|fault| fault.key.as_deref() == Some(key)), "{key}: {faults:?}");
    }
    load(&flags(&[("api.listen", "0.0.0.0:80"), ("api.insecure", "true")])).expect("allowed explicitly");
}

#[test]
fn no_password_is_printed() {
    let given = [
        ("WANLINK__DATABASE__ENDPOINTS", "postgres://wan:s3cret@db/w"),
        ("WANLINK__MESSAGE_BROKER__OPTIONS__SASL_PASSWORD", "s3cret"),
        ("WANLINK__MESSAGE_BROKER__OPTIONS__MIRROR", "amqp://wan:s3cret@mq"),
    ];
    let loaded = load(&environment(&given)).expect("a right configuration");
    let printed = format!("{}{:?}", loaded.effective(), loaded.config);
    assert!(!printed.contains("s3cret"), "{printed}");
    assert!(printed.contains("postgres://wan:********@db/w"));
    let wrong =
        [("WANLINK__API__PAGE_MAX", "postgres://wan:s3cret@db/w"), ("WANLINK__LEASE__TTL", "a://b:s3cret@c")];
    assert!(!load(&environment(&wrong)).expect_err("a refusal").to_string().contains("s3cret"));
}

#[test]
fn a_file_that_is_neither_format_is_told_with_its_place() {
    let files = Files::new();
    let path = files.write("broken.toml", "[lease\nttl = \"20s\"");
    let sources = Sources { conf_files: vec![path.clone()], ..Sources::default() };
    let Refused(faults) = load(&sources).expect_err("a refusal");
    assert_eq!((faults.len(), &faults[0].origin), (1, &Origin::File(path)));
    assert!(faults[0].message.contains("line 1"), "{}", faults[0].message);
}
