//! The command line as data: lines that are understood, lines that are refused, and that clap agrees with itself.

use crate::cli::Cli;
use clap::{CommandFactory as _, Parser as _};

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn lines_of_the_documentation_are_understood() {
    for line in [
        "wanlink up",
        "wanlink up --data-dir state --listen 127.0.0.1:0 --without-worker",
        "wanlink demo --exit --data-dir state --set log.filter=info",
        "wanlink api --conf-file a.toml --conf-file b.ini --set api.page_max=10",
        "wanlink conductor --conf-file a.toml",
        "wanlink worker --conf-file a.toml",
        "wanlink migrate --conf-file a.toml",
        "wanlink config check --conf-file a.toml",
        "wanlink engines",
        "wanlink key generate --dir keys",
        "wanlink emulator --any-site --listen 127.0.0.1:9000 --user wan --password-file p",
        "wanlink topology import geant.json --tenant acme --wim wan --demand-unit 8 --batch 100",
        "wanlink topology import geant.json --tenant acme --wim wan --create-tenant --wait --wait-timeout 2m",
        "wanlink tenant create acme --description x",
        "wanlink tenant edit acme --unset description",
        "wanlink site create vienna --latitude 48.2 --longitude -16.4",
        "wanlink wim create wan --type ietf_l2sm --wim-url http://127.0.0.1:9000 --config restconf_root=/rc",
        "wanlink account create --tenant acme --wim wan --user wan --password-file - --wait",
        "wanlink account create --tenant acme --wim wan --wait=REACHABLE",
        "wanlink account delete acme --wait",
        "wanlink port-mapping create --wim wan --site vienna --switch 00:1b --port 7 --endpoint vienna-pe:1",
        "wanlink port-mapping set --wim wan -f mappings.json",
        "wanlink port-mapping clear --wim wan",
        "wanlink network create web --tenant acme --site vienna --attachment switch=00:1b,port=7,vlan=100",
        "wanlink link create --tenant acme --endpoint network=a --endpoint site=b,vlan=5 --bandwidth 500 --wait=BUILD",
        "wanlink link create -f links.json --wait",
        "wanlink link list --tenant acme --status active --deleted -o json",
        "wanlink link edit ID --bandwidth 5 --wait --url http://wan.example",
        "wanlink link retry ID",
        "wanlink link delete ID --idempotency-key k --wait=DELETED",
        "wanlink -o json request list",
        "wanlink request show ID --wait",
        "wanlink request cancel ID",
        "wanlink action list --link ID --state done",
        "wanlink action show ID",
        "wanlink parked replay ID",
    ] {
        if let Err(error) = read(line) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn lines_that_make_no_sense_are_refused_with_the_reason() {
    for (line, part) in [
        ("wanlink", "Usage"),
        ("wanlink lnik list", "link"),
        ("wanlink link create --tenant acme", "--endpoint"),
        ("wanlink link create --endpoint colour=red", "colour"),
        ("wanlink link create --endpoint network=a -f links.json", "cannot be used with"),
        ("wanlink link create --endpoint network=a --wim a --strategy first", "cannot be used with"),
        ("wanlink account create --tenant a --wim b --password secret", "--password-file"),
        ("wanlink wim create wan --type ietf_l2sm", "--wim-url"),
        ("wanlink up --set nonsense", "KEY=VALUE"),
        ("wanlink link delete ID --wait-timeout 5", "length of time"),
        ("wanlink network create n --tenant t --site s --attachment site=x,vlan=1", "this network's"),
        ("wanlink link list -o xml", "table"),
    ] {
        let refused = read(line).expect_err(line).to_string();
        assert!(refused.contains(part), "{line}: {refused}");
    }
}

#[test]
fn no_flag_takes_a_secret_itself() {
    fn walk(command: &clap::Command, out: &mut Vec<String>) {
        for flag in command.get_arguments() {
            let name = flag.get_long().unwrap_or_default();
            if ["password", "secret", "token"].iter().any(|word| name.contains(word))
                && !name.ends_with("-file")
            {
                out.push(format!("{} --{name}", command.get_name()));
            }
        }
        command.get_subcommands().for_each(|below| walk(below, out));
    }
    let mut found = Vec::new();
    walk(&Cli::command(), &mut found);
    assert_eq!(found, Vec::<String>::new());
}
